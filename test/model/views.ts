import { dateOf, tableOf, type Content, type Place, type TableName } from './deliveries';
import { loadName, type DataSet, type Plant } from './plant';

/** One line per fact that a reader can see, sorted: compared as a whole. */
export type Seen = string[];

/** What a reader of a data set must see. `number` is the data set's own. */
export function viewsOf(plant: Plant, number: number, { holds, kept, code }: DataSet): Seen {
  const seen = [`publication ${number}`];
  const content = (name: string) => contentOf(plant, name);
  for (const table of ['materials', 'readings'] as const) {
    const current = [...holds].filter(([place]) => tableOf(place) === table);
    const newest = current
      .map(([place]) => dateOf(place))
      .sort()
      .at(-1);
    for (const [place, loaded] of current) {
      const line = partitionLine(dateOf(place), loaded.loadId, loaded.content);
      seen.push(`${table}_history ${line}`, `current_load ${table} ${dateOf(place)} ${loaded.loadId}`);
      if (table === 'readings' || dateOf(place) === newest) seen.push(`${table} ${line}`);
    }
  }
  for (const name of kept) {
    const { place, loadId } = parseLoadName(name);
    seen.push(`${tableOf(place)}_run ${partitionLine(dateOf(place), loadId, content(name))}`);
    const { rejects } = content(name);
    if (rejects > 0) seen.push(`rejected ${tableOf(place)} ${dateOf(place)} ${loadId} ${rejects}`);
  }
  return [...seen, ...martLines(holds, code)].sort();
}

/** `<date> <LOAD_ID>: <rows> rows, sum <sum>, <n> attempts` */
export function partitionLine(date: string, loadId: string, { rows, value }: Content): string {
  return `${date} ${loadId}: ${rows} rows, sum ${rows * value}, 1 attempts`;
}

/** The marts of a full build of the data set's own RAW by its own code, whatever way it was built. */
function martLines(holds: DataSet['holds'], code: number): Seen {
  const totals = (table: TableName, newestOnly: boolean) => {
    const current = [...holds].filter(([place]) => tableOf(place) === table);
    const newest = current
      .map(([place]) => dateOf(place))
      .sort()
      .at(-1);
    const shown = current.filter(([place]) => !newestOnly || dateOf(place) === newest);
    return shown.reduce((sum, [, { content }]) => sum + content.rows * content.value, 0);
  };
  const materials = totals('materials', true) * code;
  const history = totals('materials', false) * code;
  const readings = totals('readings', false);
  return [
    `material_totals ${materials} ${history}`,
    `reading_totals ${readings}`,
    `plant_totals ${materials + readings}`,
  ];
}

function parseLoadName(name: string): { place: Place; loadId: string } {
  const [table, date, loadId] = name.split(' ');
  return { place: `${table as TableName} ${date ?? ''}`, loadId: loadId ?? '' };
}

function contentOf(plant: Plant, name: string): Content {
  const { place, loadId } = parseLoadName(name);
  const content = plant.runs.find((run) => run.loadId === loadId)?.sealed.get(place);
  if (content === undefined) throw new Error(`the model knows no load ${loadName(place, loadId)}`);
  return content;
}
