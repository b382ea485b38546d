import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { judgeAlarms, judgeRefusal, newAlarms } from '../../bench/detection/alarms';
import { Ancestry } from '../../bench/detection/ancestry';
import { Deliveries, parseCsv } from '../../bench/detection/delivery';
import { decileEdges, shiftToIndex, stabilityIndex } from '../../bench/detection/distribution';
import { copyDays, exportOf } from '../../bench/detection/exports';
import { FAULTS } from '../../bench/detection/faults';
import { faultAt, nameOf } from '../../bench/detection/injected-fault';
import type { CheckOutcome } from '../../contracts/quality';
import { randomStream } from '../../data/simulator/random';
import { deliver, scratchDir } from '../support/scratch';

const orphan = faultAt('one orphan key', 'production_orders', /orphan/, async () => undefined);

function outcome(check: string, table: string, status: CheckOutcome['status']): CheckOutcome {
  return { check, table, status, severity: 'ERROR', observed: '1', expected: '0', detail: '' };
}

/** `stg_orders` is made from production_orders, `stg_suppliers` from suppliers. */
async function ancestry(): Promise<Ancestry> {
  const parents = {
    'source.mfg.mes.production_orders': [],
    'source.mfg.mes.suppliers': [],
    'model.mfg.stg_orders': ['source.mfg.mes.production_orders'],
    'model.mfg.stg_suppliers': ['source.mfg.mes.suppliers'],
    'model.mfg.order_kpis': ['model.mfg.stg_orders'],
  };
  return Ancestry.read(deliver(scratchDir(), 'manifest.json', JSON.stringify({ parent_map: parents })));
}

describe('alarms', () => {
  it('are checks that do not pass and did before, or were not there', () => {
    const before = [outcome('a', 't', 'PASS'), outcome('b', 't', 'WARN')];
    const now = [
      outcome('a', 't', 'FAIL'),
      outcome('b', 't', 'FAIL'),
      outcome('c', 't', 'ERROR'),
      outcome('d', 't', 'PASS'),
    ];
    expect(newAlarms(before, now).map(({ check }) => check)).toEqual(['a', 'c']);
  });

  it('find a fault at its table or at what is made from it, and by the right check only', async () => {
    const of = await ancestry();
    const judge = (check: string, table: string) =>
      judgeAlarms(orphan, newAlarms([], [outcome(check, table, 'FAIL')]), [], of);
    expect(judge('orphan', 'production_orders')).toMatchObject({ isFound: true, falseAlarms: [] });
    expect(judge('orphan', 'order_kpis')).toMatchObject({ isFound: true, falseAlarms: [] });
    expect(judge('row_count', 'production_orders')).toMatchObject({ isFound: false, falseAlarms: [] });
    expect(judge('orphan', 'stg_suppliers')).toMatchObject({
      isFound: false,
      falseAlarms: [{ table: 'stg_suppliers' }],
    });
    // A row that is missing among the orders makes orphans of the states that name it.
    expect(judge('orphan', 'equipment_states')).toMatchObject({ isFound: false, falseAlarms: [] });
  });

  it('of the same day without the fault say nothing of it', async () => {
    const alarms = newAlarms([], [outcome('orphan', 'production_orders', 'FAIL')]);
    expect(judgeAlarms(orphan, alarms, alarms, await ancestry())).toMatchObject({ isFound: false, falseAlarms: [] });
  });

  it('are false on a day on which nothing is wrong, a refusal too', async () => {
    const clean = faultAt('CR LF', 'batches', undefined, async () => undefined);
    const alarms = newAlarms([], [outcome('row_count', 'batches', 'FAIL')]);
    expect(judgeAlarms(clean, alarms, [], await ancestry()).falseAlarms).toHaveLength(1);
    expect(judgeRefusal(clean, 'batches.csv cannot be read')).toMatchObject({
      isFound: false,
      falseAlarms: [{ check: 'refused' }],
    });
  });

  it('of a refused delivery find a fault whose table the sentence names', () => {
    expect(judgeRefusal(orphan, 'HeaderMismatchError: mes/2026-01-05/production_orders.csv: no order_id').isFound).toBe(
      true,
    );
    expect(judgeRefusal(orphan, 'HeaderMismatchError: mes/2026-01-05/suppliers.csv: no supplier_id').isFound).toBe(
      false,
    );
  });
});

describe('the shift of a day', () => {
  it('has the stability index that was asked for, on a day unlike the others too', () => {
    const random = randomStream(7, 'values');
    const values = (count: number, from: number) =>
      Array.from({ length: count }, () => from + random() + random() + random());
    const [history, day] = [values(5000, 0), values(1000, 0.3)];
    const shift = shiftToIndex(history, day, 0.2);
    const moved = day.map((value) => value + shift);
    const sampling = 9 * (1 / 5000 + 1 / 1000);
    expect(stabilityIndex(decileEdges(history), history, moved) - sampling).toBeCloseTo(0.2, 1);
    expect(stabilityIndex(decileEdges(history), history, history)).toBe(0);
  });
});

describe('the faults', () => {
  it('have names of their own', () => {
    expect(new Set(FAULTS.map(nameOf)).size).toBe(FAULTS.length);
  });

  it('each change what is delivered, and a fault of a table nothing else', async () => {
    const folder = scratchDir();
    const days = ['--no-defects', '--seed', '11', '--days', '12', '--sites', '1', '--work-units', '3'];
    const source = await exportOf(path.join(folder, 'export'), ...days);
    const dates = await new Deliveries(source).dates();
    const [dateBefore = '', date = '', dateAfter = ''] = dates.slice(-3);
    const history = new Deliveries(path.join(folder, 'history'));
    await copyDays(source, path.join(folder, 'history'), dates.slice(0, -2));
    const sound = contents(source, dates.slice(-2));
    for (const fault of FAULTS) {
      const faulty = path.join(folder, nameOf(fault));
      await copyDays(source, faulty, [date, dateAfter]);
      const random = randomStream(1, nameOf(fault));
      await fault.inject({ next: new Deliveries(faulty), date, dateBefore, dateAfter, history, random });
      const changed = difference(sound, contents(faulty, dates.slice(-3)));
      const isChanged = changed.length > 0;
      expect({ fault: nameOf(fault), isChanged }).toEqual({ fault: nameOf(fault), isChanged: fault.tables.length > 0 });
      const others = changed.filter((table) => !fault.tables.some((own) => table.includes(own)));
      expect({ fault: nameOf(fault), others: fault.tables.length > 1 ? [] : others }).toEqual({
        fault: nameOf(fault),
        others: [],
      });
    }
  });

  it('read cells as they stand, quoted ones too', async () => {
    expect(await parseCsv('id,name\n1,"Talc, fine"\n2,\n')).toEqual({
      header: ['id', 'name'],
      records: [
        ['1', 'Talc, fine'],
        ['2', ''],
      ],
    });
  });
});

/** Bytes by file, of some days. */
function contents(source: string, dates: string[]): Map<string, string> {
  const folders = dates.map((date) => path.join(source, 'mes', date)).filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
  return new Map(files.map((file) => [path.relative(source, file), readFileSync(file, 'latin1')]));
}

function difference(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}
