import path from 'node:path';
import { withDuckDb } from '../../duckdb/connection';
import { ColumnEvidence } from '../../onboarding/column-evidence';
import { findColumn, type ColumnFinding, type Habits } from '../../onboarding/column-finding';
import { findTables } from '../../onboarding/folder';
import { findKey } from '../../onboarding/keys';
import { columnNames, tableName } from '../../onboarding/names';
import { sniffFile } from '../../onboarding/sniff';
import { surveyFolder } from '../../onboarding/survey';
import { draftSystem } from '../../onboarding/write-draft';
import { deliver, scratchDir } from '../support/scratch';

/** What a column of these cells is found to be. */
function find(cells: string[], name = 'value', habits: Habits = {}): ColumnFinding {
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  const evidence = new ColumnEvidence();
  for (const [cell, count] of counts) evidence.add(cell, count);
  return findColumn(name, evidence, habits);
}

describe('what the cells of a column show', () => {
  it.each<[string, string[], Partial<ColumnFinding>]>([
    ['whole numbers', ['1', '-20', '+300'], { type: 'integer', sureness: 'sure', format: {} }],
    ['codes with leading zeros', ['0001', '0042', '1000'], { type: 'text', sureness: 'sure' }],
    ['codes that are too long for a number', ['4500012345', '4500012346'], { type: 'text', sureness: 'sure' }],
    ['a decimal comma', ['1,5', '2,25', '3'], decimal({ decimalMark: ',', thousandsMark: undefined })],
    ['a decimal comma and points', ['1.250,5', '2.000.000,25'], decimal({ decimalMark: ',', thousandsMark: '.' })],
    ['a decimal point and commas', ['1,250.5', '999'], decimal({ decimalMark: '.', thousandsMark: ',' })],
    ['Swiss numbers', ["1'250.50", '3.20'], decimal({ decimalMark: '.', thousandsMark: "'" })],
    ['French numbers', ['1\u202f250,50', '3,20'], decimal({ decimalMark: ',', thousandsMark: '\u202f' })],
    ['one cell that tells thousands', ['1.250', '1.250.000'], { type: 'integer', sureness: 'sure', otherwise: [] }],
    ['one cell that tells fractions', ['1.250', '0.5'], decimal({ decimalMark: '.', thousandsMark: undefined })],
    ['a point that may be either', ['1.250', '2.400'], { type: 'decimal', sureness: 'guess' }],
    ['exponents', ['1E+03', '2E+04'], { type: 'text' }],
    ['German dates', ['31.12.2025', '01.02.2026'], time('date', '%d.%m.%Y')],
    ['American dates', ['12/31/2025', '01/02/2026'], time('date', '%m/%d/%Y')],
    ['dates of two-digit years', ['31/12/25', '01/02/26'], time('date', '%d/%m/%y')],
    ['ISO dates', ['2025-12-31', '2026-01-02'], time('date', '%Y-%m-%d')],
    ['compact dates', ['20251231', '20260102'], { type: 'date', sureness: 'likely', format: { time: '%Y%m%d' } }],
    ['German months', ['5. Mär 2026', '1. Mai 2026'], time('date', '%d. %b %Y', 'de')],
    ['French months', ['05-févr.-26', '06-mai-26'], time('date', '%d-%b-%y', 'fr')],
    ['Spanish months', ['1 enero 2026', '2 ago 2026'], time('date', '%d %b %Y', 'es')],
    ['Italian months', ['01/gen/2026', '02/lug/2026'], time('date', '%d/%b/%Y', 'it')],
    ['English months', ['May 5, 2026', 'October 6, 2026'], time('date', '%b %d, %Y', 'en')],
    ['timestamps', ['31.12.2025 23:59', '01.02.2026 7:05'], time('timestamp', '%d.%m.%Y %H:%M')],
    ['moments', ['2026-01-02T03:04:05Z', '2026-01-13T03:04:05+01:00'], time('timestamp', '%Y-%m-%dT%H:%M:%S%z')],
    ['fractions of seconds', ['2026-01-13 03:04:05,123'], time('timestamp', '%Y-%m-%d %H:%M:%S,%f')],
    ['half days', ['1/13/2026 3:04 PM'], time('timestamp', '%m/%d/%Y %I:%M %p')],
    ['times of day', ['06:00', '14:30'], time('time', '%H:%M')],
    ['no times: durations', ['26:30', '30:00'], { type: 'text' }],
    ['days that are not', ['31.02.2026', '32.01.2026'], { type: 'text' }],
    [
      'ja and nein',
      ['ja', 'Nein'],
      { type: 'boolean', sureness: 'sure', format: { words: { yes: 'ja', no: 'nein' } } },
    ],
    ['J and N', ['J', 'N', 'J'], { type: 'boolean', format: { words: { yes: 'j', no: 'n' } } }],
    ['oui only', ['oui', 'oui'], { type: 'boolean', sureness: 'likely' }],
    ['zeros and ones', ['0', '1'], { type: 'boolean', sureness: 'guess', otherwise: ['integer'] }],
    ['ones', ['1', '1'], { type: 'integer' }],
    ['nothing', [], { type: 'text', sureness: 'guess' }],
    ['mostly text', ['1', 'a', 'b'], { type: 'text', sureness: 'sure' }],
  ])('%s', (_, cells, expected) => {
    expect(find(cells)).toMatchObject(expected);
  });

  it('counts cells that do not fit, and says which cells mean nothing', () => {
    const cells = [...Array.from({ length: 98 }, (_, n) => `${n},5`), 'defekt', 'k.A.', '#N/A'];
    const found = find(cells);
    expect(found).toMatchObject({ type: 'decimal', sureness: 'likely', format: { nothing: ['k.A.'] } });
    expect(found.evidence).toMatch(/^98 of 99 cells, .*; null: '#N\/A' 1, 'k.A.' 1$/);
    expect(find(['1', '2', '3', 'defekt'])).toMatchObject({ type: 'text', sureness: 'guess' });
  });

  it('says that no cell tells the day from the month, and lets other columns decide', () => {
    const alone = find(['01/02/2026', '03/04/2026']);
    expect(alone).toMatchObject({ sureness: 'guess', format: { time: '%d/%m/%Y' }, otherwise: ['%m/%d/%Y'] });
    expect(alone.evidence).toContain('day first or month first? no cell tells');
    const american = find(['01/02/2026', '03/04/2026'], 'value', { order: 'month first' });
    expect(american).toMatchObject({ sureness: 'likely', format: { time: '%m/%d/%Y' }, otherwise: ['%d/%m/%Y'] });
    const grouped = find(['1.250', '2.400'], 'value', { decimalMark: ',' });
    expect(grouped).toMatchObject({ type: 'integer', sureness: 'likely', format: { number: { thousandsMark: '.' } } });
  });

  it('takes digits that are named like a code for a code, and an amount for an amount', () => {
    expect(find(['1001', '1002'], 'order_id')).toMatchObject({ type: 'text', sureness: 'likely' });
    expect(find(['20260101', '20260102'], 'charge_nr')).toMatchObject({ type: 'text' });
    expect(find(['0', '1'], 'anzahl')).toMatchObject({ type: 'integer' });
  });
});

function decimal(number: object): Partial<ColumnFinding> {
  return { type: 'decimal', sureness: 'sure', format: { number } as ColumnFinding['format'], otherwise: [] };
}

function time(type: ColumnFinding['type'], format: string, language?: string): Partial<ColumnFinding> {
  return { type, sureness: 'sure', format: { time: format, ...(language && { language }) }, otherwise: [] };
}

describe('how a file is written', () => {
  const dir = scratchDir();
  const sniff = (content: string | Buffer, name = 'f.csv') => sniffFile(deliver(dir, name, content), name);

  it.each([
    ['a semicolon beside decimal commas', 'a;b\r\n1,5;2,5\r\n3,5;4,5\r\n', { delimiter: ';', lineEnd: 'CRLF' }],
    ['a tab', 'a\tb c\n1\t2,3\n', { delimiter: '\t', lineEnd: 'LF' }],
    ['a pipe', 'a|b\n"1|1"|2\n3|4\n', { delimiter: '|', header: ['a', 'b'] }],
    ['a caret', 'a^b^c\n1^2^3\n', { delimiter: '^' }],
    ['a unit separator', 'a\x1fb\n1\x1f2,5\n', { delimiter: '\x1f' }],
    ['quoted delimiters and line ends', 'a,b\n"x;y;z\nw",2\n"p;q;r",3\n', { delimiter: ',' }],
    ['single quotes', "a,b\n'x,y',1\n'z,w',2\n", { delimiter: ',', quote: "'" }],
    ['one column', 'name\nsteel\nzinc\n', { header: ['name'], sureness: 'guess' }],
    ['a byte-order mark', '\uFEFFä;b\n1;2\n', { hasBom: true, encoding: 'utf-8', header: ['ä', 'b'] }],
    ['Latin-1', Buffer.from('Größe;b\n1;2\n', 'latin1'), { encoding: 'latin-1', header: ['Größe', 'b'] }],
    [
      'Windows-1252',
      Buffer.from('Preis \x80;b\n1;2\n', 'latin1'),
      { encoding: 'windows-1252', header: ['Preis €', 'b'] },
    ],
  ])('%s', async (_, content, expected) => {
    expect(await sniff(content)).toMatchObject(expected);
  });

  it('reads on to the end for the encoding, also when it is packed', async () => {
    const lines = `a;b\n${'1;2\n'.repeat(400_000)}`;
    const latin = Buffer.concat([Buffer.from(lines), Buffer.from('\xe4;2\n', 'latin1')]);
    expect(await sniff(latin, 'late.csv.gz')).toMatchObject({ encoding: 'latin-1' });
  });

  it.each([
    ['UTF-16', Buffer.from('\uFEFFa;b\n', 'utf16le'), /f.csv is UTF-16/],
    ['UTF-16 without a mark', Buffer.from('a;b\n1;2\n', 'utf16le'), /f.csv is UTF-16/],
    ['a DOS code page', Buffer.from('Gr\x94\x81e;b\n', 'latin1'), /neither UTF-8 nor Latin-1 nor Windows-1252/],
    ['an empty file', '', /f.csv is empty/],
    ["Excel's first line", 'sep=;\r\na;b\r\n1;2\r\n', /begins with Excel's line 'sep=;'/],
    ['a title', 'Report of March\n\na;b;c\n1;2;3\n4;5;6\n', /does not begin with its header: most lines have 3 fields/],
    ['values without header', '31.12.2025;1,5\n01.01.2026;2,5\n', /seems to have no header/],
    ['a name that stands twice', 'a;Wert;wert\n1;2;3\n', /column 'wert' stands twice in the header/],
    ['a name that dbt would run', 'a;{{ env_var("HOME") }}\n1;2\n', /which dbt would run/],
    ['half a gzip file', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]), /f.csv.gz is not a whole gzip file/],
  ])('refuses %s in one sentence', async (what, content, message) => {
    const isPacked = what === 'half a gzip file';
    const name = isPacked ? 'f.csv.gz' : 'f.csv';
    const file = deliver(dir, 'plain', content);
    const refused = isPacked ? sniffFile(await packed(file), name) : sniff(content);
    await expect(refused).rejects.toThrow(message);
  });

  async function packed(file: string): Promise<string> {
    const { rename } = await import('node:fs/promises');
    await rename(file, `${file}.csv.gz`);
    return `${file}.csv.gz`;
  }
});

describe('names', () => {
  it('are safe, speak, and differ from each other and from what SQL and staging have', async () => {
    const header = [
      'Auftrag-Nr.',
      'Größe',
      'größe',
      'Menge (kg)',
      '2024',
      '',
      'order',
      'Select',
      'merged_row_count',
      'ORDER_ID',
    ];
    const names = columnNames([...header, 'orderDate', '%', '日本', "x'; drop table y"]);
    expect(names).toEqual(
      ['auftrag_nr', 'groesse', 'groesse_2', 'menge_kg', 'n_2024', 'column_6', 'order_field', 'select_field'].concat([
        'merged_row_count_field',
        'order_id',
        'orderdate',
        'pct',
        'column_13',
        'x_drop_table_y',
      ]),
    );
    // Every word of SQL that is left as it is stands as a bare column name in what staging does with one.
    await withDuckDb({ path: ':memory:' }, async (db) => {
      const words = (await db.rows('select keyword_name as word from duckdb_keywords()')).map(({ word }) =>
        String(word),
      );
      for (const [index, name] of columnNames(words).entries()) {
        await db
          .run(
            `select trim(${name}, ' '), hash(${name}, 1), case when ${name} is not null then lower(${name}) end as ${name}
          from (select 'x' as ${name}) as clean order by ${name} desc`,
          )
          .catch((error: Error) => {
            throw new Error(`${words[index]} → ${name}: ${error.message}`);
          });
      }
    });
  });

  it('of tables keep out of the way of other systems, of views and of what is RAW’s own', () => {
    const taken = new Set(['materials', 'orders']);
    expect(tableName('Aufträge 2', 'erp', taken)).toBe('auftraege_2');
    expect(tableName('Materials', 'erp', taken)).toBe('erp_materials');
    expect(tableName('orders_history', 'erp', taken)).toBe('erp_orders_history');
    expect(tableName('raw_load_audit', 'erp', taken)).toBe('erp_raw_load_audit');
    expect(tableName('order', 'erp', taken)).toBe('erp_order');
  });
});

describe('a folder', () => {
  it('is read by table: dated folders, dates in names, parts', async () => {
    const dir = scratchDir();
    for (const name of [
      '2026-03-01/orders.csv',
      '2026-03-02/orders.csv',
      '2026-03-02/orders-2.csv',
      '2026-03-02/order_lines.csv',
    ]) {
      deliver(dir, name, 'a;b\n1;2\n');
    }
    deliver(dir, 'stock_20260301.csv', 'a;b\n1;2\n');
    deliver(dir, 'notes.txt', 'x');
    const { tables, ignored } = await findTables(dir);
    const found = tables.map(({ stem, files }) => [stem, files.map(({ place }) => place)]);
    expect(Object.fromEntries(found)).toEqual({
      orders: ['2026-03-01/orders.csv', '2026-03-02/orders-2.csv', '2026-03-02/orders.csv'],
      order_lines: ['2026-03-02/order_lines.csv'],
      stock: ['2026-03-01/stock_20260301.csv'],
    });
    expect(ignored).toEqual(['notes.txt: not .csv or .csv.gz']);
    await expect(findTables(path.join(dir, 'nope'))).rejects.toThrow(/is not a folder/);
  });

  it('shows keys, how a table is delivered, and what the loader would refuse', async () => {
    const dir = scratchDir();
    for (const [day, ids] of [
      ['01', [1, 2, 3]],
      ['02', [4, 5, 6]],
    ] as const) {
      const rows = ids.map((id) => `E-${id};u${id % 2};2026-03-${day} 0${id}:00:00\n`).join('');
      deliver(dir, `2026-03-${day}/events.csv`, `event_id;unit;at\n${rows}`);
      deliver(dir, `2026-03-${day}/parts.csv`, 'unit;part;n\nu1;a;1\nu1;b;1\nu2;a;1\nu2;b;2\n');
    }
    deliver(dir, '2026-03-02/damaged.csv', 'a;b\r\n1;2\n3;4\r\n');
    const survey = await surveyFolder(await findTables(dir), 'shop', new Set());
    expect(survey.tables.map(({ name, key, mode, isRequired }) => [name, key.columns, mode.is, isRequired])).toEqual([
      ['events', ['event_id'], 'append', true],
      ['parts', ['unit', 'part'], 'snapshot', true],
    ]);
    expect(survey.refused.map((refused) => refused.path)).toEqual(['2026-03-02/damaged.csv']);
    expect(survey.refused[0]?.problem).toMatch(/mixes line ends/);
    const draft = draftSystem(survey, 'Europe/Berlin');
    expect(Object.keys(draft)).toEqual([
      '_shop__sources.yml',
      'stg_shop__events.sql',
      'stg_shop__parts.sql',
      '_shop__models.yml',
    ]);
    expect(draft['stg_shop__events.sql']).toContain('where not is_superseded');
    expect(draft['_shop__models.yml']).toContain('unique_combination');
  });
});

describe('a key', () => {
  it('is said not to be there when nothing tells the rows apart', async () => {
    const rows = path.join(scratchDir(), 'rows.parquet');
    await withDuckDb({ path: ':memory:' }, async (db) => {
      await db.run(
        `copy (select date '2026-03-01' as _logical_date, v // 2 as v, 'x' as w from range(10) as t(v)) to '${rows}'`,
      );
      const candidates = [
        { name: 'w', rank: 1.5 },
        { name: 'v', rank: 1 },
      ];
      const key = await findKey(db, [rows], candidates, ['v', 'w']);
      expect(key).toMatchObject({ columns: ['v', 'w'], sureness: 'guess', repeated: 5 });
      const named = await findKey(db, [rows], [], ['v', 'w']);
      expect(named).toMatchObject({ columns: ['v'], sureness: 'guess' });
    });
  });
});
