import type { CheckedModels } from '../contracts/model-quality';
import type { SourceSystem } from '../contracts/source-contract';
import type { QueryTarget, RunQuery, Warehouse } from '../warehouse/warehouse';
import { checkModel, hasModelGate } from './model-checks';
import type { CheckedOutcome } from './outcome';
import { endOfNewestDelivery, readPublicationFacts, type PublicationFacts } from './publication-facts';
import { checkSystem } from './system-checks';
import { checkTable, hasGate } from './table-checks';

/** What is checked, and against what time. */
export interface QualityRequest {
  target: QueryTarget;
  systems: SourceSystem[];
  models: CheckedModels;
  /** Time against which freshness is measured; undefined: the end of the newest delivery that is held. */
  asOf: Date | undefined;
  /** When the publication was published, where that is to be judged. */
  publishedAt?: Date | undefined;
  /** Only checks that decide on the publication of a candidate. Those that ask the clock are none. */
  gatesOnly?: boolean;
  /** Called as each table's and model's checks begin. */
  onTable?: ((table: string, of: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What the checks of one publication or candidate found. */
export interface CheckedPublication {
  asOf: Date;
  outcomes: CheckedOutcome[];
}

/**
 * Checks the deliveries that a publication added (where it added none, the newest of each table): source systems, source tables
 * and models, as they are declared where dbt describes them. A check that breaks has status ERROR, never PASS.
 *
 * The same publication, declarations and time always give the same outcomes: nothing but its data set is asked.
 *
 * @throws InvalidInputError when there is no such publication, or it holds no deliveries; the signal's reason when aborted.
 */
export async function checkPublication(warehouse: Warehouse, request: QualityRequest): Promise<CheckedPublication> {
  const { target, systems, signal } = request;
  const added = await warehouse.addedPartitions(target);
  return warehouse.queries(
    target,
    async (query) => {
      const facts = await readPublicationFacts(query, added);
      const asOf = request.asOf ?? endOfNewestDelivery(facts, systems) ?? new Date();
      return { asOf, outcomes: await checkAll(warehouse, query, facts, { ...request, asOf }) };
    },
    signal,
  );
}

/** True when any check decides on the publication of a candidate. */
export function hasGates(systems: SourceSystem[], { models }: CheckedModels): boolean {
  return systems.some(({ tables }) => tables.some(hasGate)) || models.some(hasModelGate);
}

async function checkAll(
  warehouse: Warehouse,
  query: RunQuery,
  facts: PublicationFacts,
  request: QualityRequest & { asOf: Date },
): Promise<CheckedOutcome[]> {
  const { systems, models, asOf, publishedAt, gatesOnly = false, onTable, signal } = request;
  const tables = systems.flatMap((system) => system.tables.map((table) => ({ system, table })));
  const tablesToCheck = gatesOnly ? tables.filter(({ table }) => hasGate(table)) : tables;
  const modelsToCheck = gatesOnly ? models.models.filter(hasModelGate) : models.models;
  const of = tablesToCheck.length + modelsToCheck.length;
  const sql = warehouse;
  const outcomes = gatesOnly ? [] : systems.flatMap((system) => checkSystem(system, facts, asOf, publishedAt));
  const begin = (name: string) => {
    signal?.throwIfAborted();
    onTable?.(name, of);
  };
  for (const { system, table } of tablesToCheck) {
    begin(table.name);
    outcomes.push(...(await checkTable({ query, sql, facts, system, table, asOf, gatesOnly })));
    signal?.throwIfAborted();
  }
  const checkedDates = [...new Set([...facts.checkedDates.values()].flat())].sort();
  for (const model of modelsToCheck) {
    begin(model.name);
    outcomes.push(...(await checkModel({ query, sql, model, schemaOf: models.schemaOf, checkedDates, gatesOnly })));
    signal?.throwIfAborted();
  }
  return outcomes;
}
