import { rmSync } from 'node:fs';
import path from 'node:path';
import { withDuckDb, type JsonRow } from '../../duckdb/connection';
import { preflight, type InspectedFile } from '../../ingestion/preflight';
import { stageDelivery } from '../../ingestion/stage';
import { deliver, scratchDir } from '../support/scratch';
import { smallTable, SOURCES_YAML } from '../support/tables';

const LINEAGE = { loadSeq: 7n, loadId: "o'run::r", logicalDate: '2026-03-01', loadedAt: '2026-03-02T01:02:03.000Z' };
const HEADER = 'material_id,material_name,quantity';
const dir = scratchDir();

interface Staged {
  counts: { rowsRead: number; rowsAccepted: number; rowsRejected: number; checksum: string };
  rows: JsonRow[];
  rejects: JsonRow[];
}

/** Stages files of `materials`, given as name → bytes, and reads back what was written. */
async function stage(files: Record<string, string | Buffer>, yaml = SOURCES_YAML): Promise<Staged> {
  const table = smallTable('materials', yaml);
  const target = path.join(dir, 'rows.parquet');
  const rejectsTarget = path.join(dir, 'rejects.parquet');
  rmSync(rejectsTarget, { force: true });
  const inspected: InspectedFile[] = [];
  for (const [name, content] of Object.entries(files)) {
    const file = deliver(dir, name, content);
    inspected.push({ file, name, preflight: await preflight(file, name, table) });
  }
  return withDuckDb({ path: ':memory:', settings: { threads: '2' } }, async (db) => {
    const counts = await stageDelivery(db, table, inspected, LINEAGE, target, rejectsTarget);
    const columns =
      'material_id as id, material_name as name, quantity, _source_file as file, _source_row_number::int as n';
    const rows = await db.rows(`select ${columns} from '${target}'`);
    const rejects =
      counts.rowsRejected === 0
        ? []
        : await db.rows(`select _source_row_number::int as n, reason, raw_record from '${rejectsTarget}' order by n`);
    return { counts, rows, rejects };
  });
}

const ids = (staged: Staged) => staged.rows.map((row) => `${String(row.id)}@${String(row.n)}`);

describe('staging a delivery', () => {
  it('keeps cells as text and makes empty cells null', async () => {
    const { rows, counts } = await stage({ 'f.csv': `${HEADER}\nm1, steel ,007\nm2,"",\n` });
    expect(rows).toEqual([
      { id: 'm1', name: ' steel ', quantity: '007', file: 'f.csv', n: 1 },
      { id: 'm2', name: null, quantity: null, file: 'f.csv', n: 2 },
    ]);
    expect(counts).toMatchObject({ rowsRead: 2, rowsAccepted: 2, rowsRejected: 0 });
  });

  it('carries the lineage of the run on every row', async () => {
    await stage({ 'f.csv': `${HEADER}\nm1,a,1\n` });
    const [row] = await withDuckDb({ path: ':memory:' }, (db) =>
      db.rows(`select columns('^_load|^_logical')::varchar from '${path.join(dir, 'rows.parquet')}'`),
    );
    expect(row).toEqual({
      _load_seq: '7',
      _load_id: "o'run::r",
      _logical_date: '2026-03-01',
      _loaded_at: '2026-03-02 01:02:03',
    });
  });

  it('reads columns by name, in any order and case', async () => {
    const { rows } = await stage({ 'f.csv': 'Quantity,MATERIAL_ID,material_name\r\n1,m1,a\r\n' });
    expect(rows).toEqual([{ id: 'm1', name: 'a', quantity: '1', file: 'f.csv', n: 1 }]);
  });

  it('numbers records by their place in the file, over rejected ones, empty lines and quoted line ends', async () => {
    const staged = await stage({
      'f.csv': `${HEADER}\n\nm1,a,1\n\nshort\nm3,"two\nlines",3\n\n\nx\ny\nm6,a,1,extra\nm7,a,1\nm8,"q"z,1\nm9,a,1`,
    });
    expect(ids(staged)).toEqual(['m1@1', 'm3@3', 'm7@7', 'm9@9']);
    expect(staged.rejects.map(({ n, raw_record }) => [n, raw_record])).toEqual([
      [2, 'short'],
      [4, 'x'],
      [5, 'y'],
      [6, 'm6,a,1,extra'],
      [8, 'm8,"q"z,1'],
    ]);
    expect(staged.rejects.map((row) => String(row.reason).split(':')[0])).toEqual([
      'missing columns',
      'missing columns',
      'missing columns',
      'too many columns',
      'unquoted value',
    ]);
    expect(staged.counts).toMatchObject({ rowsRead: 9, rowsAccepted: 4, rowsRejected: 5 });
  });

  it('numbers records exactly in a file that several threads read', async () => {
    const lines = [HEADER];
    for (let n = 1; n <= 400_000; n++) lines.push(n % 9_973 === 0 ? `bad${n}` : `${n},"text, ${n}",1`);
    const { rows, rejects, counts } = await stage({ 'big.csv': `${lines.join('\n')}\n` });
    expect(rows.filter((row) => Number(row.id) !== row.n)).toEqual([]);
    expect(rejects.map((row) => row.raw_record)).toEqual(rejects.map((row) => `bad${String(row.n)}`));
    expect(counts).toMatchObject({ rowsRead: 400_000, rowsRejected: 40 });
  });

  it('reads line ends inside quotes wherever the reader’s buffers are cut', async () => {
    for (const shift of [0, 7, 13]) {
      const lines = [HEADER, `shift${'x'.repeat(shift)},a,1`];
      for (let n = 2; n <= 1_000_000; n++) lines.push(`${n},"li\nne, ${n}",1`);
      const file = deliver(dir, 'wide.csv', `${lines.join('\n')}\n`);
      const table = smallTable('materials');
      const inspected = [{ file, name: 'wide.csv', preflight: await preflight(file, 'wide.csv', table) }];
      const target = path.join(dir, 'wide.parquet');
      await withDuckDb({ path: ':memory:', settings: { threads: '2' } }, async (db) => {
        const counts = await stageDelivery(db, table, inspected, LINEAGE, target, path.join(dir, 'none.parquet'));
        expect(counts).toMatchObject({ rowsRead: 1_000_000, rowsAccepted: 1_000_000, rowsRejected: 0 });
        const wrong = `select count(*) as n from '${target}' where _source_row_number > 1
          and (material_id <> _source_row_number::varchar or material_name <> 'li' || chr(10) || 'ne, ' || material_id)`;
        expect(await db.rows(wrong)).toEqual([{ n: '0' }]);
      });
    }
  }, 60_000);

  it('rejects a record with surplus fields that are empty: its cells may be shifted', async () => {
    const staged = await stage({
      'f.csv': `${HEADER}\nm1,Steel, hard,\nm2,a,1\nshort\nm4,Steel, hard,""\nm5,a,1\nm6,a,1,,\n`,
    });
    expect(ids(staged)).toEqual(['m2@2', 'm5@5']);
    expect(staged.rejects.map(({ n, raw_record }) => [n, raw_record])).toEqual([
      [1, 'm1,Steel, hard,'],
      [3, 'short'],
      [4, 'm4,Steel, hard,""'],
      [6, 'm6,a,1,,'],
    ]);
    expect(staged.rejects[3]?.reason).toBe('too many columns: Expected Number of Columns: 3 Found: 5');
  });

  it('takes no cell from a folder that is named like a partition', async () => {
    const hive = path.join(dir, 'material_name=HIVE');
    const file = deliver(hive, 'f.csv', `${HEADER}\nm1,steel,1\nshort\n`);
    const table = smallTable('materials');
    const inspected = [{ file, name: 'f.csv', preflight: await preflight(file, 'f.csv', table) }];
    const target = path.join(hive, 'rows.parquet');
    await withDuckDb({ path: ':memory:' }, async (db) => {
      await stageDelivery(db, table, inspected, LINEAGE, target, path.join(hive, 'rejects.parquet'));
      const rows = await db.rows(`select material_name from read_parquet('${target}', hive_partitioning = false)`);
      expect(rows).toEqual([{ material_name: 'steel' }]);
    });
  });

  it('counts an empty line of a one-column table as a record with an empty cell', async () => {
    const yaml = SOURCES_YAML.replace(/ {10}- \{ name: (material_name|quantity).*\n/g, '');
    const table = smallTable('materials', yaml);
    const file = deliver(dir, 'one.csv', 'material_id\nm1\n\nm3\n');
    const inspected = [{ file, name: 'one.csv', preflight: await preflight(file, 'one.csv', table) }];
    await withDuckDb({ path: ':memory:' }, async (db) => {
      const counts = await stageDelivery(db, table, inspected, LINEAGE, path.join(dir, 'one.parquet'), '');
      expect(counts).toMatchObject({ rowsRead: 3, rowsAccepted: 3, rowsRejected: 0 });
    });
  });

  it('rejects the record, not the file, where bytes are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`${HEADER}\nm1,`), Buffer.from([0xff]), Buffer.from(',1\nm2,a,1\n')]);
    const staged = await stage({ 'f.csv': bytes });
    expect(ids(staged)).toEqual(['m2@2']);
    expect(staged.rejects[0]?.reason).toMatch(/invalid encoding/);
  });

  it('reads another dialect by its contract: semicolons, single quotes, Latin-1', async () => {
    const yaml = SOURCES_YAML.replace(`{ delimiter: "," }`, `{ delimiter: ";", quote: "'", encoding: latin-1 }`);
    const content = Buffer.from(`material_id;material_name;quantity\nm1;'Stahl; hart';1,5\nm2;Öl;2\n`, 'latin1');
    const { rows } = await stage({ 'f.csv': content }, yaml);
    expect(rows.map((row) => [row.name, row.quantity])).toEqual([
      ['Stahl; hart', '1,5'],
      ['Öl', '2'],
    ]);
  });

  it('reads gzip and a byte-order mark, and joins the files of one delivery in their order', async () => {
    const staged = await stage({
      'a.csv.gz': `\uFEFF"material_id",material_name,quantity\nm1,a,1\nshort\n`,
      'b.csv': `${HEADER}\nm2,a,1\n`,
    });
    expect(staged.rows.map(({ id, file, n }) => [id, file, n])).toEqual([
      ['m1', 'a.csv.gz', 1],
      ['m2', 'b.csv', 1],
    ]);
    expect(staged.counts).toMatchObject({ rowsRead: 3, rowsAccepted: 2, rowsRejected: 1 });
  });

  it('takes file names literally', async () => {
    const { rows } = await stage({ "o'ne [x]*?.csv": `${HEADER}\nm1,a,1\n` });
    expect(rows).toHaveLength(1);
  });

  it('makes an empty partition of a file with a header only', async () => {
    const { counts } = await stage({ 'f.csv': `${HEADER}\n` });
    expect(counts).toMatchObject({ rowsRead: 0, rowsAccepted: 0, rowsRejected: 0 });
  });

  it('gives the same checksum for the same rows under another number, another for other rows', async () => {
    const a = await stage({ 'f.csv': `${HEADER}\nm1,a,1\nm2,a,1\n` });
    const again = await stage({ 'f.csv': `${HEADER}\nm1,a,1\nm2,a,1\n` });
    const other = await stage({ 'f.csv': `${HEADER}\nm1,a,1\nm2,a,2\n` });
    expect(again.counts.checksum).toBe(a.counts.checksum);
    expect(other.counts.checksum).not.toBe(a.counts.checksum);
  });
});
