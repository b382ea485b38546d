import type { DataSetDiff, PartitionDiff, RelationDiff, ValueDiff } from '../../warehouse/warehouse';

const MOST_SENTENCES = 4;
const LOADS_NAMED = 3;

/**
 * What a difference comes to, in words: for each mart the headline KPI that moved most, with the load that caused it, as in
 * "OEE of CHI-P1-U1 on Tuesday, 2026-03-10: 61 → 64 % (marts.work_unit_day_kpis), correction load …".
 */
export function diffSentences(difference: DataSetDiff): string[] {
  const { before, after, relations } = difference;
  const cause = causeOf(difference);
  if (before.dataSet === after.dataSet) {
    return [`Publications ${before.publication} and ${after.publication} show the same data set, ${after.dataSet}.`];
  }
  const moved = relations.flatMap((relation) => {
    const [first] = relation.values.filter(({ kpi }) => kpi !== null);
    return first === undefined ? [] : [{ relation, value: first }];
  });
  const headlines = moved.filter(({ value }) => value.kpi?.isHeadline);
  const told = headlines.length > 0 ? headlines : moved;
  if (told.length > 0) {
    return told
      .slice(0, MOST_SENTENCES)
      .map(({ relation, value }) => `${sentenceOf(relation, value)} (${relation.relation}), ${cause}.`);
  }
  const differing = relations.filter((relation) => relation.change !== 'SAME').length;
  return [differing === 0 ? `No row differs: ${cause}.` : `No KPI moved; ${differing} relations differ: ${cause}.`];
}

function sentenceOf(relation: RelationDiff, value: ValueDiff): string {
  const at = relation.key.indexOf(relation.dateKey ?? '');
  const what = value.key.filter((_, index) => index !== at).map((part) => part ?? 'none');
  const date = value.key[at];
  const when = date === null || date === undefined ? '' : ` on ${weekday(date)}${date}`;
  return `${value.kpi?.name ?? value.column} of ${what.join(', ')}${when}: ${changeText(value)}`;
}

/** Which loads make the difference; without any, what else does. */
function causeOf({ before, after, partitions }: DataSetDiff): string {
  const causes = [
    named('correction load', loadsOf(partitions, 'CORRECTED')),
    named('load', loadsOf(partitions, 'ADDED')),
    named('without load', loadsOf(partitions, 'REMOVED')),
  ].filter((words) => words !== '');
  if (before.projectDigest !== after.projectDigest) causes.push('another dbt project');
  if (causes.length > 0) return causes.join(', ');
  return partitions.length > 0 ? 'the same files, loaded again' : 'the same loads and the same dbt project';
}

function loadsOf(partitions: PartitionDiff[], change: PartitionDiff['change']): string[] {
  const loads = partitions.filter((partition) => partition.change === change).map(({ loadId }) => loadId);
  return [...new Set(loads)];
}

function named(word: string, loads: string[]): string {
  if (loads.length === 0) return '';
  const more = loads.length > LOADS_NAMED ? ` and ${loads.length - LOADS_NAMED} more` : '';
  return `${word}${loads.length > 1 ? 's' : ''} ${loads.slice(0, LOADS_NAMED).join(', ')}${more}`;
}

/** `61 → 64 %`, with as many digits as it takes to see the change; other numbers as they are. */
export function changeText({ before, after, kpi }: Pick<ValueDiff, 'before' | 'after' | 'kpi'>): string {
  const scale = kpi === null ? 1 : 100;
  const unit = kpi === null ? '' : ' %';
  for (let digits = 0; ; digits++) {
    const [from, to] = [before, after].map((value) => (value === null ? 'none' : (value * scale).toFixed(digits)));
    if (from !== to || digits === MOST_DIGITS) return `${from} → ${to}${unit}`;
  }
}

const MOST_DIGITS = 6;

function weekday(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return '';
  return `${day.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' })}, `;
}
