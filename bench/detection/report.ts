import type { CleanDays } from './clean-days';
import type { DefectFound } from './default-defects';
import type { FaultRun } from './fault-runs';

/** All that one call of the bench found. */
export interface Findings {
  /** What was called. */
  command: string;
  history: number;
  faults: FaultRun[];
  defects: { seed: number; found: DefectFound[] }[];
  days: CleanDays[];
}

/** The findings as a Markdown page: figures, and what was missed and falsely heard by name. */
export function report(findings: Findings): string {
  const sections = [
    findings.faults.length > 0 ? faultSections(findings.faults) : [],
    findings.defects.length > 0 ? defectSection(findings.defects) : [],
    findings.days.length > 0 ? daysSection(findings.days) : [],
  ].flat();
  return `${[...introduction(findings), ...sections].join('\n\n')}\n`;
}

/** One line for people who wait. */
export function lineOf({ kind, target, isClean, isFound, by, falseAlarms, dbt }: FaultRun, seconds: number): string {
  const word = isClean ? 'clean' : isFound ? 'found' : 'MISSED';
  const beside = dbt === undefined ? '' : `, dbt ${dbt.length > 0 ? dbt.length : 'nothing'}`;
  const wrong = falseAlarms.map(({ check, table, observed }) => `\n      false: ${check} ${table}: ${observed}`);
  return `${word.padEnd(7)}${seconds.toFixed(1).padStart(6)} s  ${kind}: ${target} (${by || 'nothing'}${beside})${wrong.join('')}`;
}

function introduction({ command, history, faults, days }: Findings): string[] {
  const seeds = [...new Set(faults.map(({ seed }) => seed))].join(', ') || 'none';
  const clean = days.map(({ seed }) => seed).join(', ') || 'none';
  return [
    '# What the quality checks find',
    `Written by \`${command}\`. Simulated plant: 2 sites, 12 work units, a reading per sensor every 15 minutes; at least ${history} days of ` +
      `history. Seeds of the faults: ${seeds}; of the clean days: ${clean}. Thresholds were chosen on other seeds, from 101 on. The checks read ` +
      'what the platform loads, which the list of faults is no part of.',
  ];
}

function faultSections(runs: FaultRun[]): string[] {
  const kinds = [...groupBy(runs, ({ kind }) => kind)];
  const faulty = runs.filter(({ isClean }) => !isClean);
  const rows = kinds.map(([kind, of]) => {
    const wrong = of.filter(({ isClean }) => !isClean);
    const falseAlarms = sum(of.map((run) => run.falseAlarms.length));
    const found = wrong.filter(({ isFound }) => isFound).length;
    const cells = wrong.length === 0 ? ['-', '-'] : [String(found), String(wrong.length - found)];
    return [
      kind,
      String(new Set(of.map(({ target }) => target)).size),
      String(of.length),
      ...cells,
      String(falseAlarms),
      dbtOf(of),
    ];
  });
  const found = faulty.filter(({ isFound }) => isFound).length;
  const total = ['all', '', String(runs.length), String(found), String(faulty.length - found)];
  total.push(String(sum(runs.map((run) => run.falseAlarms.length))), dbtOf(faulty));
  return [
    '## One fault in one delivery',
    'Found: by the run that loads the day, the check that looks for such a fault did not pass at the table (or a model made from it) where it ' +
      'passed the day before; or the delivery was refused by a sentence that names the table. False: any other check that stopped passing, at a ' +
      'table that the fault did not touch. dbt: data tests (and `dbt source freshness`) that do not pass and did the day before, on the same data; ' +
      'of a file that the loader refuses dbt sees nothing.',
    table(['fault', 'where', 'runs', 'found', 'missed', 'false', 'dbt alone'], [...rows, total]),
    '### Missed',
    list(
      [
        ...groupBy(
          faulty.filter(({ isFound }) => !isFound),
          ({ kind, target }) => `${kind}: ${target}`,
        ),
      ].map(([what, of]) => `${what} (seed ${of.map(({ seed }) => seed).join(', ')})`),
    ),
    '### False',
    list(
      runs.flatMap(({ kind, target, seed, falseAlarms }) =>
        falseAlarms.map(
          (alarm) => `${alarm.check} at ${alarm.table}, ${alarm.observed} (${kind}: ${target}, seed ${seed})`,
        ),
      ),
    ),
  ];
}

function defectSection(seeds: Findings['defects']): string[] {
  const rows = seeds.flatMap(({ found }) => found);
  const lines = [...groupBy(rows, ({ kind }) => kind)].map(([kind, of]) => {
    const judged = of.filter(({ by }) => by !== undefined);
    const found = judged.filter(({ by }) => by !== '');
    const missed = judged.filter(({ by }) => by === '').map(({ table: name }) => name);
    const result =
      judged.length === 0 ? ['nothing to find', ''] : [`${found.length} of ${judged.length}`, unique(missed)];
    return [kind, unique(of.map(({ table: name }) => name)), String(sum(of.map(({ records }) => records))), ...result];
  });
  return [
    '## The simulator’s defects, all at once at their default rates',
    `Seeds ${seeds.map(({ seed }) => seed).join(', ')}; found: tables of which a check says so, by seed.`,
    table(['defect', 'tables', 'records', 'found', 'not found'], lines),
  ];
}

function daysSection(spans: CleanDays[]): string[] {
  const rows = spans.map(({ seed, firstDate, days, looks, outcomes, alarms }) =>
    [seed, firstDate, days, looks, outcomes, alarms.length].map(String),
  );
  return [
    '## Clean days',
    'A publication a day; the checks look at the day’s end, and half a day later by the clock. An alarm: a check that does not pass and did at ' +
      'the look before.',
    table(['seed', 'first day', 'days', 'looks', 'outcomes', 'alarms'], rows),
    list(
      spans.flatMap(({ seed, alarms }) =>
        alarms.map((alarm) => `${alarm.at}, seed ${seed}: ${alarm.check} at ${alarm.table}, ${alarm.observed}`),
      ),
    ),
  ];
}

function dbtOf(runs: readonly FaultRun[]): string {
  const asked = runs.filter(({ dbt }) => dbt !== undefined);
  if (asked.length === 0) return 'not asked';
  return `${asked.filter(({ dbt }) => (dbt ?? []).length > 0).length} of ${asked.length}`;
}

function table(header: string[], rows: string[][]): string {
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

function list(lines: string[]): string {
  return lines.length === 0 ? 'None.' : lines.map((line) => `- ${line}`).join('\n');
}

function unique(texts: string[]): string {
  return [...new Set(texts)].join(', ');
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function groupBy<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return groups;
}
