import { levelOf, type CheckLevel, type ModelColumnQuality } from '../contracts/quality-rules';
import type { CheckedModel } from '../contracts/model-quality';
import { distributionChecks } from './distribution-checks';
import type { ModelToCheck } from './model-to-check';
import { brokenOutcome, outcomeOf, percent, type CheckedOutcome, type DeclaredCheck, type Finding } from './outcome';
import { countIf, isOneOf, keyText, type SqlText } from './sql';

/** A check that counts rows of the model. */
interface RowCheck extends DeclaredCheck {
  /** True for a row that breaks it. */
  condition: string;
  maxRatio: number;
  expected: string;
}

/** Joins that the conditions of references need. */
interface ReferenceJoin {
  alias: string;
  sql: string;
}

const SAMPLE = 5;

/** All declared checks of one model: those that count rows in one pass over it, then the others. */
export async function checkModel(request: ModelToCheck): Promise<CheckedOutcome[]> {
  const startedAt = new Date();
  const { model, gatesOnly } = request;
  const joins: ReferenceJoin[] = [];
  const wanted = ({ level }: DeclaredCheck) => !gatesOnly || level.gate;
  const rowChecks = rowChecksOf(request, joins).filter(wanted);
  const outcomes = rowChecks.length === 0 ? [] : await countRows(request, rowChecks, joins, startedAt);
  for (const reconciliation of model.reconciliations) {
    const { severity: _, gate: __, ...rule } = reconciliation;
    const declared = { check: rule.name, table: model.name, level: levelOf(reconciliation, RECONCILIATION), rule };
    if (!wanted(declared)) continue;
    outcomes.push(await orBroken(declared, startedAt, () => reconcile(request, rule)));
  }
  for (const { declared, judge } of distributionChecks(request).filter(({ declared }) => wanted(declared))) {
    outcomes.push(await orBroken(declared, startedAt, judge));
  }
  return outcomes;
}

/** True when one of a model's checks decides on the publication of a candidate. */
export function hasModelGate({ rules, reconciliations, columns }: CheckedModel): boolean {
  const declared = [...rules, ...reconciliations, ...Object.values(columns).flatMap((column) => Object.values(column))];
  return declared.some(({ gate }) => gate === true);
}

/** Rows that are lost on the way between layers are an error, as they are between files and RAW. */
const RECONCILIATION: CheckLevel = { severity: 'error', gate: false };

async function orBroken(
  declared: DeclaredCheck,
  startedAt: Date,
  judge: () => Promise<Finding>,
): Promise<CheckedOutcome> {
  try {
    return outcomeOf(declared, await judge(), startedAt);
  } catch (error) {
    return brokenOutcome(declared, error, startedAt);
  }
}

function rowChecksOf({ model, sql, schemaOf }: ModelToCheck, joins: ReferenceJoin[]): RowCheck[] {
  const checks: RowCheck[] = model.rules.map((rule) => ({
    ...{ check: rule.name, table: model.name, level: levelOf(rule), rule: [rule.fails_when, rule.max_ratio] },
    ...{ condition: `(${rule.fails_when})`, maxRatio: rule.max_ratio, expected: `no row with ${rule.fails_when}` },
  }));
  for (const [name, column] of Object.entries(model.columns)) {
    const add = (kind: string, declared: object, condition: string, expected: string) =>
      checks.push({
        ...{ check: `${kind}_${name}`, table: model.name, level: levelOf(declared), rule: declared },
        ...{ condition, maxRatio: 0, expected },
      });
    const cell = `t.${sql.identifier(name)}`;
    const { references, accepted_values: accepted, range } = column;
    if (references !== undefined) {
      const [target = '', key = ''] = references.to.split('.');
      const alias = `r${joins.length}`;
      const relation = `${schemaOf(target)}.${sql.identifier(target)}`;
      const keys = `select distinct ${sql.identifier(key)} as k from ${relation}`;
      joins.push({ alias, sql: `left join (${keys}) as ${alias} on ${alias}.k = ${cell}` });
      add('orphans', references, `${cell} is not null and ${alias}.k is null`, `only values of ${references.to}`);
    }
    if (accepted !== undefined) {
      const values = accepted.values.map((value) => sql.literal(value)).join(', ');
      const condition = `${cell} is not null and ${cell} not in (${values})`;
      add('accepted_values', accepted, condition, `only ${accepted.values.join(', ')}`);
    }
    if (range !== undefined) add('range', range, outsideOf(range, cell, sql), rangeText(range));
  }
  return checks;
}

type Range = NonNullable<ModelColumnQuality['range']>;

function outsideOf(range: Range, cell: string, sql: SqlText): string {
  const outside = ([least, most]: [number | null, number | null]) =>
    [least === null ? '' : `${cell} < ${least}`, most === null ? '' : `${cell} > ${most}`]
      .filter(Boolean)
      .join(' or ') || '1 = 0';
  if (!('by' in range)) return `(${outside(range.bounds)})`;
  const group = `t.${sql.identifier(range.by)}`;
  return `(${Object.entries(range.bounds)
    .map(([value, bounds]) => `(${group} = ${sql.literal(value)} and (${outside(bounds)}))`)
    .join(' or ')})`;
}

function rangeText(range: Range): string {
  const text = ([least, most]: [number | null, number | null]) => `${least ?? '-∞'} to ${most ?? '∞'}`;
  if (!('by' in range)) return `${text(range.bounds)} ${range.unit}`;
  return Object.entries(range.bounds)
    .map(([unit, bounds]) => `${text(bounds)} ${unit}`)
    .join(', ');
}

/** Counts the rows that break each check in one query; when one of them cannot run, each by itself. */
async function countRows(
  request: ModelToCheck,
  checks: RowCheck[],
  joins: ReferenceJoin[],
  startedAt: Date,
): Promise<CheckedOutcome[]> {
  try {
    return await countTogether(request, checks, joins, startedAt);
  } catch (error) {
    const [only] = checks;
    if (only !== undefined && checks.length === 1) return [brokenOutcome(only, error, startedAt)];
    const outcomes: CheckedOutcome[] = [];
    for (const check of checks) outcomes.push(...(await countRows(request, [check], joins, startedAt)));
    return outcomes;
  }
}

async function countTogether(
  request: ModelToCheck,
  checks: RowCheck[],
  joins: ReferenceJoin[],
  startedAt: Date,
): Promise<CheckedOutcome[]> {
  const { query, model, sql } = request;
  const needed = joins.filter(({ alias }) => checks.some(({ condition }) => condition.includes(`${alias}.k`)));
  const from = `from ${relationOf(model, sql)} as t ${needed.map((join) => join.sql).join(' ')} where ${scopeOf(request)}`;
  const counts = checks.map(({ condition }, index) => `${countIf(condition)} as c${index}`);
  const { rows } = await query(`select count(*) as n, ${counts.join(', ')} ${from}`);
  const total = Number(rows[0]?.n ?? 0);
  const outcomes: CheckedOutcome[] = [];
  for (const [index, check] of checks.entries()) {
    const count = Number(rows[0]?.[`c${index}`] ?? 0);
    const ratio = total === 0 ? 0 : count / total;
    const key = keyText(model.key.map((column) => `t.${sql.identifier(column)}`));
    const found =
      count === 0
        ? []
        : (await query(`select ${key} as k ${from} and ${check.condition} order by 1 limit ${SAMPLE}`)).rows;
    const sample = found.map(({ k }) => String(k));
    const finding: Finding = {
      holds: check.maxRatio === 0 ? count === 0 : ratio <= check.maxRatio,
      observed: `${count} of ${total} rows`,
      expected: check.expected,
      threshold: check.maxRatio === 0 ? 'one row' : `more than ${percent(check.maxRatio)}`,
      detail: sample[0] === undefined ? '' : `for example ${sample[0]}`,
      sample,
      details: { count, of: total, dates: datesOf(request) },
    };
    outcomes.push(outcomeOf(check, finding, startedAt));
  }
  return outcomes;
}

function relationOf({ schema, name }: Pick<CheckedModel, 'schema' | 'name'>, { identifier }: SqlText): string {
  return `${schema}.${identifier(name)}`;
}

/** The first and the last checked date, for the audit. */
function datesOf({ model, checkedDates }: ModelToCheck): string[] {
  return model.dated_by === undefined
    ? []
    : [...new Set([checkedDates[0], checkedDates.at(-1)])].flatMap((d) => d ?? []);
}

/** Rows of the checked days; all rows of a model that has none. */
function scopeOf({ model, sql, checkedDates }: ModelToCheck): string {
  const [first] = checkedDates;
  const last = checkedDates.at(-1);
  if (model.dated_by === undefined || first === undefined || last === undefined) return '1 = 1';
  const column = `t.${sql.identifier(model.dated_by)}`;
  if (model.dated_by === '_logical_date') return isOneOf(column, checkedDates, sql);
  const from = new Date(Date.parse(first) - model.reach_days * 86_400_000).toISOString().slice(0, 10);
  return `${column} between cast(${sql.literal(from)} as date) and cast(${sql.literal(last)} as date)`;
}

async function reconcile(
  { query, sql, model, schemaOf }: ModelToCheck,
  rule: Omit<CheckedModel['reconciliations'][number], 'severity' | 'gate'>,
): Promise<Finding> {
  const there = relationOf({ schema: schemaOf(rule.of), name: rule.of }, sql);
  const { rows } = await query(
    `select (select ${rule.measure} from ${relationOf(model, sql)}) as here,
       (select ${rule.of_measure} from ${there} where ${rule.of_where ?? '1 = 1'}) as there`,
  );
  const [here, of] = [rows[0]?.here ?? null, rows[0]?.there ?? null];
  const [hereNumber, ofNumber] = [Number(here), Number(of)];
  const isEqual =
    here === null || of === null ? here === of : Math.abs(hereNumber - ofNumber) <= rule.tolerance * Math.abs(ofNumber);
  return {
    holds: isEqual,
    observed: `${rule.measure} = ${numberText(here)}`,
    expected: `${numberText(of)} in ${rule.of}`,
    threshold: rule.tolerance === 0 ? 'any difference' : `a difference of ${percent(rule.tolerance)}`,
    details: { here, there: of },
  };
}

function numberText(value: unknown): string {
  return value === null ? 'nothing' : String(value);
}
