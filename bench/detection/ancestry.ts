import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { COLUMNS, type Table } from '../../data/simulator/columns';

const manifestSchema = z.object({ parent_map: z.record(z.string(), z.array(z.string())) });

/** Columns that name a row of another table: a row that is missing there makes an orphan here. */
const REFERENCED_BY: Record<string, Table> = {
  batch_id: 'batches',
  order_id: 'production_orders',
  material_id: 'materials',
  equipment_id: 'equipment',
  parent_equipment_id: 'equipment',
  line_id: 'equipment',
  supplier_id: 'suppliers',
  site: 'sites',
  manufacturing_site: 'sites',
};

/** Which models are made from which tables, and which tables refer to which: how far a fault reaches. */
export class Ancestry {
  readonly #sources: ReadonlyMap<string, ReadonlySet<string>>;

  private constructor(sources: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#sources = sources;
  }

  /** @param manifestFile dbt's manifest.json of any build of the project. */
  static async read(manifestFile: string): Promise<Ancestry> {
    const { parent_map: parents } = manifestSchema.parse(JSON.parse(await readFile(manifestFile, 'utf8')));
    const sources = new Map<string, Set<string>>();
    const sourcesOf = (node: string): Set<string> => {
      const known = sources.get(node);
      if (known !== undefined) return known;
      const found = new Set(node.startsWith('source.') ? [lastName(node)] : []);
      sources.set(node, found);
      for (const parent of parents[node] ?? []) for (const source of sourcesOf(parent)) found.add(source);
      return found;
    };
    const models = Object.keys(parents).filter((node) => node.startsWith('model.'));
    return new Ancestry(new Map(models.map((node) => [lastName(node), sourcesOf(node)])));
  }

  /** Whether a relation is one of the tables or made from one; what is said of the source system is of all its tables. */
  isMadeFromAny(relation: string, tables: readonly Table[]): boolean {
    const origins = this.#sources.get(relation) ?? new Set([relation]);
    return isOfSystem(relation) || tables.some((table) => origins.has(table));
  }

  /** Whether a relation is made from one of the tables, or holds keys of one. */
  isTouchedByAny(relation: string, tables: readonly Table[]): boolean {
    return this.isMadeFromAny(relation, tables) || tables.some((table) => refersTo(relation, table));
  }
}

/** `(mes)`: what is checked of a source system as a whole. */
function isOfSystem(table: string): boolean {
  return /^\(.*\)$/.test(table);
}

function refersTo(relation: string, table: Table): boolean {
  const columns = COLUMNS[relation as Table] as readonly string[] | undefined;
  return columns !== undefined && columns.slice(1).some((column) => REFERENCED_BY[column] === table);
}

function lastName(node: string): string {
  return node.split('.').at(-1) ?? node;
}
