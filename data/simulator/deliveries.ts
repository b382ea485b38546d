import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { COLUMNS, type Table } from './columns';
import { formatDay } from './days';
import { type DefectOptions, Defects } from './defects/defects';
import { WriteError } from './write-error';

/** Where the deliveries go, under the output folder. */
export const DELIVERIES = path.join('source_system', 'mes');

export interface DeliveryOptions extends DefectOptions {
  gzip: boolean;
}

const TABLES = Object.keys(COLUMNS) as Table[];
/** What the platform loads: flat files of tables, and those of a day, to whose names something may be added. */
const DELIVERY = new RegExp(
  `^(\\d{4}-\\d\\d-\\d\\d[/\\\\](${TABLES.join('|')})([-_.].*)?|(${TABLES.join('|')}))\\.csv(\\.gz)?$`,
  'i',
);

/** The path of a file of a delivery, relative to the output folder. @param stem its name without the ending. */
export function deliveryName(stem: string, delivery: number, { layout, gzip, firstDay }: DeliveryOptions): string {
  const day = layout === 'dated' ? formatDay(firstDay + delivery) : '';
  return path.join(DELIVERIES, day, `${stem}.csv${gzip ? '.gz' : ''}`);
}

/**
 * Looks for deliveries that an export would leave beside its own: the platform would load two histories as one.
 *
 * @throws WriteError that names the first one.
 */
export async function refuseOtherDeliveries(folder: string, options: DeliveryOptions): Promise<void> {
  const root = path.join(folder, DELIVERIES);
  const own = ownNames(options);
  const found = (await filesBelow(root)).filter((name) => DELIVERY.test(name));
  const other = found.map((name) => path.join(DELIVERIES, name)).find((name) => !own.has(name));
  if (other === undefined) return;
  const advice = `choose an empty folder with --out, or delete ${root}`;
  throw new WriteError(
    path.join(folder, other),
    new Error(`it is a delivery of another export, which this one would not replace: ${advice}`),
  );
}

/** What an export writes, and what it may write. */
function ownNames(options: DeliveryOptions): Set<string> {
  const defects = new Defects(options, () => 0);
  const names = new Set<string>();
  for (let delivery = 0; delivery < options.days; delivery++) {
    for (const table of TABLES) {
      names.add(deliveryName(table, delivery, options));
      if (defects.has('delivered_twice', table, delivery)) names.add(deliveryName(`${table}-2`, delivery, options));
      if (defects.has('corrected_day', table, delivery)) {
        names.add(deliveryName(`${table}-correction`, delivery, options));
      }
    }
  }
  return names;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { recursive: true })).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whoever makes the folder finds what is wrong with its path.
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new WriteError(folder, error);
  }
}
