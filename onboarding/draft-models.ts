import type { Survey, SurveyedColumn, SurveyedTable } from './survey';
import { yamlString } from './yaml-text';

const SHORT_LINE = 120;

/** Models and their tests as files of `models/staging/<system>/`, by name. */
export function draftModels(survey: Survey): Record<string, string> {
  const { system, tables } = survey;
  return {
    ...Object.fromEntries(tables.map((table) => [`stg_${system}__${table.name}.sql`, stagingModel(system, table)])),
    [`_${system}__models.yml`]: modelsFile(survey),
  };
}

function stagingModel(system: string, { name, key, mode, columns }: SurveyedTable): string {
  const isAppend = mode.is === 'append';
  const cells = (...types: SurveyedColumn['type'][]) =>
    columns.filter(({ type }) => types.includes(type)).map((column) => column.name);
  const isId = (column: string) => key.columns.includes(column) || /(^|_)(id|nr|no|nummer|code|key)$/.test(column);
  const typed = (column: string) => typedCell(system, name, column);
  const moment = `{{ end_of_logical_date('${system}', '${name}') }} as ${isAppend ? 'known_at' : 'snapshot_at'}`;
  const groups: [string, string[]][] = [
    ['ids', cells('text').filter(isId)],
    ['strings', cells('text').filter((column) => !isId(column))],
    [
      'numerics',
      [
        ...cells('integer', 'decimal').map(typed),
        `{{ uncastable_cell_count('${system}', '${name}') }} as uncastable_cell_count`,
        'merged_row_count',
        ...(isAppend ? ['superseded_row_count'] : []),
      ],
    ],
    ['booleans', [...cells('boolean').map(typed), 'has_conflicting_duplicates']],
    ['dates', cells('date').map(typed)],
    ['times of day', cells('time').map(typed)],
    ['timestamps', [...cells('timestamp').map(typed), moment]],
    ['lineage', ['_load_id', '_logical_date', '_source_file', '_source_row_number']],
  ];
  const selected = groups
    .filter(([, expressions]) => expressions.length > 0)
    .map(([heading, expressions]) => `        -- ${heading}\n        ${expressions.join(',\n        ')}`)
    .join(',\n\n');
  return `with

source as (

    select * from {{ source('${system}', '${name}') }}

),

clean as (

    {{ clean_rows('${system}', '${name}', 'source') }}

),

renamed as (

    select
${selected}
    from clean${isAppend ? '\n    where not is_superseded' : ''}

)

select * from renamed
`;
}

function typedCell(system: string, table: string, column: string): string {
  const cell = `{{ typed_cell('${system}', '${table}', '${column}') }}`;
  const line = `${cell} as ${column}`;
  return line.length + 9 <= SHORT_LINE ? line : `${cell}\n            as ${column}`;
}

function modelsFile({ system, tables }: Survey): string {
  return [
    `version: 2`,
    ``,
    `# Drafted by \`mfg source init\`. What the source system gets wrong is a warning; what staging promises is an error.`,
    ``,
    `models:`,
    tables.map((table) => modelLines(system, table).join('\n')).join('\n\n'),
    ``,
  ].join('\n');
}

function modelLines(system: string, { name, key, mode, columns }: SurveyedTable): string[] {
  const [only, ...others] = key.columns;
  const grain = key.columns.slice(0, 4).join(', ') + (key.columns.length > 4 ? ', …' : '');
  const until = mode.is === 'snapshot' ? 'as of the newest snapshot' : 'each from its newest delivery';
  const listed = columns.filter(({ words, name: column }) => column === only || words !== undefined);
  return [
    `  - name: stg_${system}__${name}`,
    `    description: >`,
    `      One row per ${grain}, ${until}; cells are trimmed, cast by the contract and null when they are no value of`,
    `      their column's type (\`uncastable_cell_count\`). Of rows with the same key the one that stands last in the delivery is kept.`,
    `    data_tests:`,
    `      - accounts_for_raw_rows:`,
    `          arguments:`,
    `            system: ${system}`,
    `            table: ${name}`,
    ...(others.length === 0
      ? []
      : [
          `      - unique_combination:`,
          `          arguments:`,
          `            columns:`,
          ...key.columns.map((column) => `              - ${column}`),
          ...(columns.every((column) => !key.columns.includes(column.name) || column.type === 'text')
            ? []
            : [`          config:`, `            severity: warn`]),
        ]),
    `    columns:`,
    ...listed.flatMap((column) => columnLines(column, key.columns)),
    `      - name: uncastable_cell_count`,
    `        description: Cells of the row that hold something that is no value of their column's type; they are null here.`,
    `        data_tests:`,
    ...warning('never_positive'),
    `      - name: merged_row_count`,
    `        description: Other RAW rows of the same key and delivery; this row stands for them.`,
    `      - name: has_conflicting_duplicates`,
    `        description: The delivery holds other rows of this key that differ from this one.`,
    `        data_tests:`,
    ...warning('never_true'),
  ];
}

function columnLines({ name, words, type }: SurveyedColumn, key: string[]): string[] {
  const isKey = key.length === 1 && key[0] === name;
  // A key that is no text may come to hold cells that are no value of its type: the source's mistake, not staging's.
  const promised =
    type === 'text' ? [`          - unique`, `          - not_null`] : [...warning('unique'), ...warning('not_null')];
  const keyTests = isKey ? promised : [];
  const wordTest =
    words === undefined
      ? []
      : [
          `          - accepted_values:`,
          `              arguments:`,
          `                # DECIDE: all that may stand here, or only what has been seen so far?`,
          `                values:`,
          ...words.map((word) => `                  - ${yamlString(word)}`),
          `              config:`,
          `                severity: warn`,
        ];
  const tests = [...keyTests, ...wordTest];
  return [
    `      - name: ${name}`,
    ...(key.includes(name) ? [`        description: ${key.length === 1 ? 'Key.' : 'Part of the key.'}`] : []),
    ...(tests.length === 0 ? [] : [`        data_tests:`, ...tests]),
  ];
}

function warning(test: string): string[] {
  return [`          - ${test}:`, `              config:`, `                severity: warn`];
}
