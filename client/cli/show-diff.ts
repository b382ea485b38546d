import type { DataSetDiff, PartitionDiff, RelationDiff } from '../../warehouse/warehouse';
import { changeText, diffSentences } from './diff-sentences';
import { colors, dateSpan, heading, number, plural, table, visible } from './print';

const LOADS_SHOWN = 20;
const FILES_SHOWN = 2;
const COLUMNS_SHOWN = 3;
const VALUES_PER_MART = 4;

const CHANGE_WORDS = {
  ADDED: 'added',
  REMOVED: 'removed',
  CORRECTED: 'corrected',
  RELOADED: 'loaded again, same bytes',
} as const;

/** Shows a difference: loads, relations, KPIs, and at the end what it comes to in words. */
export function showDiff(difference: DataSetDiff): void {
  const { before, after, partitions, relations } = difference;
  console.log(heading(`From publication ${before.publication} to ${after.publication}`));
  if (before.codeVersion !== after.codeVersion) {
    console.log(`built by code ${visible(before.codeVersion)}, then by ${visible(after.codeVersion)}`);
  }
  if (partitions.length > 0) showLoads(partitions);
  const differing = relations.filter(({ change }) => change !== 'SAME');
  if (differing.length > 0) showRelations(differing);
  const same = relations.length - differing.length;
  if (same > 0)
    console.log(
      colors.dim(`${plural(same, 'relation')} of RAW, CORE and MARTS ${same === 1 ? 'is' : 'are'} the same.`),
    );
  showValues(differing);
  console.log('');
  for (const sentence of diffSentences(difference)) console.log(visible(sentence));
}

/** Partitions of one load and one kind of change are one line. */
function showLoads(partitions: PartitionDiff[]): void {
  const byLoad = new Map<string, PartitionDiff[]>();
  for (const partition of partitions) {
    const id = `${partition.change} ${partition.loadId}`;
    byLoad.set(id, [...(byLoad.get(id) ?? []), partition]);
  }
  const groups = [...byLoad.values()];
  console.log(heading('Loads'));
  console.log(
    table(
      ['change', 'partitions', 'tables', 'dates', 'files', 'LOAD_ID'],
      groups.slice(0, LOADS_SHOWN).map((group) => {
        const tables = [...new Set(group.map((partition) => partition.table))];
        const files = group.flatMap((partition) => partition.files);
        return [
          CHANGE_WORDS[group[0]?.change ?? 'ADDED'],
          number(group.length),
          tables.length > COLUMNS_SHOWN ? plural(tables.length, 'table') : tables.join(', '),
          dateSpan([...new Set(group.map((partition) => partition.logicalDate))].sort()),
          files.length > FILES_SHOWN ? plural(files.length, 'file') : files.join(', '),
          group[0]?.loadId ?? '',
        ];
      }),
      { right: ['partitions'], whole: ['LOAD_ID'] },
    ),
  );
  if (groups.length > LOADS_SHOWN) console.log(colors.dim(`and ${groups.length - LOADS_SHOWN} more; --json gives all`));
}

function showRelations(relations: RelationDiff[]): void {
  console.log(heading('Relations that differ'));
  console.log(
    table(
      ['relation', 'rows before', 'rows after', 'added', 'removed', 'changed', 'what'],
      relations.map((relation) => [
        relation.relation,
        number(relation.rowsBefore),
        number(relation.rowsAfter),
        ...[relation.rows?.added, relation.rows?.removed, relation.rows?.changed].map((count) =>
          count === undefined ? '' : number(count),
        ),
        whatOf(relation),
      ]),
      { right: ['rows before', 'rows after', 'added', 'removed', 'changed'] },
    ),
  );
}

function whatOf({ change, columnsAdded, columnsRemoved, columnsChanged, key, rows }: RelationDiff): string {
  if (change === 'ADDED') return 'new relation';
  if (change === 'REMOVED') return 'relation is gone';
  if (change === 'NOT_COMPARED') return 'counted only: too large, or no column in common';
  const columns = columnsChanged.slice(0, COLUMNS_SHOWN).map(({ column, rows }) => `${column} (${number(rows)})`);
  const more = columnsChanged.length > COLUMNS_SHOWN ? ` and ${columnsChanged.length - COLUMNS_SHOWN} more` : '';
  return [
    ...(columnsAdded.length > 0 ? [`new columns ${columnsAdded.join(', ')}`] : []),
    ...(columnsRemoved.length > 0 ? [`columns gone: ${columnsRemoved.join(', ')}`] : []),
    ...(columns.length > 0 ? [`${columns.join(', ')}${more}`] : []),
    ...(key.length === 0 && rows !== null ? ['no key is known: whole rows were compared'] : []),
  ].join('; ');
}

function showValues(relations: RelationDiff[]): void {
  const rows = relations.flatMap(({ relation, key, values }) => {
    const kpis = values.filter(({ kpi }) => kpi !== null);
    return (kpis.length > 0 ? kpis : values)
      .slice(0, VALUES_PER_MART)
      .map((value) => [
        relation,
        value.kpi?.name ?? value.column,
        key.map((column, index) => `${column} ${value.key[index] ?? 'none'}`).join(', '),
        changeText(value),
      ]);
  });
  if (rows.length === 0) return;
  console.log(heading('Biggest changes'));
  console.log(table(['mart', 'number', 'row', 'before → after'], rows));
}
