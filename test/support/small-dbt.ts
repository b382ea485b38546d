import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { PROJECT_ROOT } from '../../contracts/config';
import { scratchDir } from './scratch';

/** What the small project loads: three snapshot tables and one to append to. */
export const SMALL_TABLES = ['materials', 'batches', 'production_orders', 'equipment_states'];

const SHIPPED = path.join(PROJECT_ROOT, 'dbt');
const OWN = path.join(PROJECT_ROOT, 'test', 'support', 'small-dbt');

/** As it is written, before its defaults. */
interface SourcesFile {
  sources: { tables: { name: string }[] }[];
}

/**
 * Writes a dbt project for tests in which the build is not the point, in a scratch folder. Its contracts, staging models, macros
 * and generic tests are the shipped project's, of four tables; what is downstream is its own, and small (`small-dbt/`). A delivery
 * with a negative planned quantity is held by its test `no_planned_quantity_is_negative`.
 *
 * @returns the project's folder, the caller's to change.
 */
export function smallDbtProject(): string {
  const project = path.join(scratchDir(), 'dbt');
  for (const part of ['dbt_project.yml', 'profiles.yml', 'macros', path.join('tests', 'generic')]) {
    cpSync(path.join(SHIPPED, part), path.join(project, part), { recursive: true });
  }
  const [from, to] = [SHIPPED, project].map((root) => path.join(root, 'models', 'staging', 'mes')) as [string, string];
  mkdirSync(to, { recursive: true });
  for (const table of SMALL_TABLES) {
    for (const model of [`stg_mes__${table}.sql`, `stg_mes__${table}_history.sql`]) {
      if (existsSync(path.join(from, model))) cpSync(path.join(from, model), path.join(to, model));
    }
  }
  const contracts = parse(readFileSync(path.join(from, '_mes__sources.yml'), 'utf8')) as SourcesFile;
  for (const source of contracts.sources) {
    source.tables = source.tables.filter(({ name }) => SMALL_TABLES.includes(name));
  }
  writeFileSync(path.join(to, '_mes__sources.yml'), stringify(contracts));
  cpSync(path.join(OWN, 'models'), path.join(project, 'models'), { recursive: true });
  return project;
}

/** Leaves a dbt project with its staging models, without tests: what is built from the loads is not the point here. */
export function stagingOnly(project: string): string {
  const models = path.join(project, 'models');
  for (const part of ['core', 'marts', '_small__models.yml']) rmSync(path.join(models, part), { recursive: true });
  const contract = path.join(models, 'staging', 'mes', '_mes__sources.yml');
  const described: unknown = parse(readFileSync(contract, 'utf8'), (key, value: unknown) =>
    key === 'data_tests' ? [] : value,
  );
  writeFileSync(contract, stringify(described, { aliasDuplicateObjects: false }));
  return project;
}
