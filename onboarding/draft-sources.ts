import type { CsvDialect } from '../contracts/source-contract';
import { cascadeDialect, type DialectCascade } from './dialect-cascade';
import type { Survey, SurveyedColumn, SurveyedTable } from './survey';
import { withoutJinja, yamlComment, yamlString } from './yaml-text';

/** The text of `_<system>__sources.yml`. What was seen stands in comments; what a person must decide is marked DECIDE. */
export function draftSources(survey: Survey, timeZone: string): string {
  const cascade = cascadeDialect(survey);
  const { system, tables } = survey;
  return [
    `# The contract of the source tables: what the platform loads, checks and casts by. Drafted by \`mfg source init\` from the cells`,
    `# of ${tables.reduce((sum, { rowCount }) => sum + rowCount, 0).toLocaleString('en-US')} rows; edited by hand from now on. Lines with DECIDE need someone who knows the system.`,
    `version: 2`,
    ``,
    `sources:`,
    `  - name: ${system}`,
    `    schema: raw`,
    `    description: The CSV export of ${system}. RAW holds every cell as text, as it was delivered.`,
    `    config:`,
    `      meta:`,
    `        # DECIDE: the zone of the system's local times and of its logical dates.`,
    `        time_zone: ${timeZone}`,
    `        # A scheduled run loads the delivery of its local date less so many days: 1 for an export of yesterday.`,
    `        logical_date_offset_days: 0`,
    ...csvLines(cascade.system, '        '),
    `    tables:`,
    tables.map((table) => tableLines(table, cascade).join('\n')).join('\n\n'),
    ``,
  ].join('\n');
}

function tableLines(table: SurveyedTable, cascade: DialectCascade): string[] {
  const { name, stem, key, mode, columns } = table;
  const own = cascade.tables.get(name) ?? {};
  const decideKey = key.sureness === 'guess' ? 'DECIDE: ' : '';
  const decideMode = mode.sureness === 'guess' ? 'DECIDE: ' : '';
  return [
    `      - name: ${name}`,
    `        description: One row per ${key.columns.slice(0, 4).join(', ')}${key.columns.length > 4 ? ', …' : ''}.`,
    `        config:`,
    `          loaded_at_field: _loaded_at`,
    `          # DECIDE: how old the newest delivery may be before it is a warning, or an error.`,
    `          # freshness:`,
    `          #   warn_after: { count: 2, period: day }`,
    `          #   error_after: { count: 4, period: day }`,
    `          meta:`,
    `            # snapshot: each file is the whole table; append: it has that delivery's rows. ${decideMode}${mode.evidence}.`,
    `            mode: ${mode.is}`,
    `            # ${decideKey}${key.sureness}: ${key.evidence}.`,
    `            key: ${flowList(key.columns, '            ')}`,
    `            # A delivery of the system without this table is refused.`,
    `            required: ${table.isRequired}`,
    ...(stem === name
      ? []
      : [`            # What the names of its files begin with.`, `            file_stem: ${yamlString(stem)}`]),
    ...(table.eventTime === undefined
      ? []
      : [
          `            # DECIDE: the staging column that tells how old the content is.`,
          `            event_time: ${table.eventTime}`,
        ]),
    ...(Object.keys(own).length === 0 ? [] : csvLines(own, '            ')),
    `        columns:`,
    ...columns.flatMap((column) => columnLines(column, table, cascade)),
  ];
}

function columnLines(column: SurveyedColumn, table: SurveyedTable, cascade: DialectCascade): string[] {
  const { name, header, type, sureness, evidence, otherwise } = column;
  const csv = cascade.columns.get(table.name)?.get(name) ?? {};
  const isRenamed = header.toLowerCase() !== name;
  const isKey = table.key.columns.includes(name);
  const decide = sureness === 'guess' ? 'DECIDE: ' : '';
  const instead = otherwise.length === 0 ? '' : `; or ${otherwise.slice(0, 4).join(', or ')}`;
  const description = isKey ? (table.key.columns.length === 1 ? 'Key.' : 'Part of the key.') : '';
  const meta = [
    ...(isRenamed ? [`                source_name: ${yamlString(header)}`] : []),
    ...(Object.keys(csv).length === 0 ? [] : csvLines(csv, '                ')),
  ];
  return [
    `          - name: ${name}`,
    `            # ${yamlComment(`${decide}${sureness}: ${evidence}${instead}`)}`,
    `            data_type: ${type}`,
    ...(description === '' && !isRenamed
      ? []
      : [
          `            description: ${yamlString(withoutJinja(`${description} ${isRenamed ? `In the files: ${yamlComment(header) || 'without a name'}` : ''}`.trim()))}`,
        ]),
    ...(meta.length === 0 ? [] : [`            config:`, `              meta:`, ...meta]),
    ...(isKey ? keyTests(table.key.columns.length === 1) : []),
  ];
}

/** What the source gets wrong is counted and shown, and stops nothing: staging keeps one row per key. */
function keyTests(isWhole: boolean): string[] {
  const test = (name: string) => [
    `              - ${name}:`,
    `                  config:`,
    `                    severity: warn`,
  ];
  return [`            data_tests:`, ...(isWhole ? test('unique') : []), ...test('not_null')];
}

function csvLines(csv: Partial<CsvDialect>, indent: string): string[] {
  const lines = Object.entries(csv).map(([name, value]) => {
    if (name === 'month_names')
      return [`  ${name}:`, ...(value as string[][]).map((names) => `    - [${names.join(', ')}]`)].join(`\n${indent}`);
    if (name === 'encoding' || value === null) return `  ${name}: ${String(value)}`;
    return `  ${name}: ${Array.isArray(value) ? `[${value.map((text) => yamlString(String(text))).join(', ')}]` : yamlString(String(value))}`;
  });
  return [`csv:`, ...lines].map((line) => indent + line);
}

/** On one line while it fits. */
function flowList(items: string[], indent: string): string {
  const line = `[${items.join(', ')}]`;
  return line.length < 90 ? line : `\n${items.map((item) => `${indent}  - ${item}`).join('\n')}`;
}
