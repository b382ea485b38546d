import { cpSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runCommandLine } from '../../client/cli/program';
import { readModelQuality } from '../../contracts/model-quality';
import { readSourceContracts } from '../../contracts/source-contract';
import { checkPublication } from '../../quality/checks';
import { buildDataSet, DBT_DIR, type DataSet } from '../support/data-set';
import { deliver, scratchDir } from '../support/scratch';

const savedEnvironment = { ...process.env };
const dir = scratchDir();
const [dbtDir, sourceDir, folder] = ['dbt', 'source', 'export'].map((name) => path.join(dir, name)) as [
  string,
  string,
  string,
];
let out = '';
let dataSet: DataSet;

/** A folder on someone's desk: semicolons, CRLF, Windows-1252 and Latin-1, German dates, months, numbers and words. */
function deliverExport(): void {
  const orders = [
    'Auftrag-Nr.;Menge (kg);Preis €;Liefertermin;Bestätigt am;Gebucht am;Schicht ab;gesperrt;Status;Order;',
    '00000001;1.234,56;1.250;31.12.2025;5. Mär 2026;01.07.2026 06:30;06:00;ja;geplant;7;',
    '00000002;999,5;980;01.02.2026;1. Mai 2026;31.12.2025 23:59;14:30;nein;fertig;8;',
    '00000003;#N/A;-;29.02.2024;31. Dez 2025;02.01.2026 00:00;22:15;nein;"offen; ""teils""";9;',
    '00000004;-0,25;2.400;;24. Okt 2026;25.10.2026 12:00;06:00;ja;geplant;10;',
  ];
  deliver(
    folder,
    'Aufträge.csv',
    Buffer.from(
      orders
        .map((line) => `${line}\r\n`)
        .join('')
        .replace('€', '\x80'),
      'latin1',
    ),
  );
  const header = ['Zeit', ...Array.from({ length: 599 }, (_, n) => `Kanal ${n + 1} [°C]`)].join(';');
  const readings = [0, 1, 2].map((hour) =>
    [`2026-03-29 0${hour + 3}:30:00`, ...Array.from({ length: 599 }, (_, n) => `${hour},${n + 1}`)].join(';'),
  );
  deliver(folder, 'messwerte.csv', Buffer.from([header, ...readings, ''].join('\r\n'), 'latin1'));
  deliver(folder, 'stamm-daten.csv', 'id^aktiv^seit\r\nA^oui^05-févr.-26\r\nB^non^06-mai-26\r\n');
  deliver(folder, 'unicode.csv', Buffer.from('\uFEFFa;b\r\n1;2\r\n', 'utf16le'));
}

async function mfg(...args: string[]): Promise<number> {
  out = '';
  const keep = (...texts: unknown[]) => void (out += `${texts.join(' ')}\n`);
  const mocks = (['log', 'error'] as const).map((name) => jest.spyOn(console, name).mockImplementation(keep));
  try {
    return await runCommandLine(args);
  } finally {
    for (const mock of mocks) mock.mockRestore();
  }
}

beforeAll(async () => {
  // The shipped project without its own system, so that only what is drafted is built.
  for (const part of ['dbt_project.yml', 'profiles.yml', 'macros', path.join('tests', 'generic')]) {
    cpSync(path.join(DBT_DIR, part), path.join(dbtDir, part), { recursive: true });
  }
  mkdirSync(path.join(dbtDir, 'models', 'staging'), { recursive: true });
  deliverExport();
  process.env = {
    ...savedEnvironment,
    MFG_DBT_DIR: dbtDir,
    MFG_SOURCE_DIR: sourceDir,
    MFG_STATE_DIR: path.join(dir, 'state'),
  };
});

afterAll(() => {
  process.env = savedEnvironment;
});

describe('a folder that no contract describes', () => {
  it('is only looked at by a dry run', async () => {
    expect(await mfg('source', 'init', folder, '--system', 'erp', '--dry-run')).toBe(0);
    expect(out).toContain("source_name: 'Auftrag-Nr.'");
    expect(out).toContain('unicode.csv is UTF-16');
    expect(readdirSync(path.join(dbtDir, 'models', 'staging'))).toEqual([]);
  });

  it('is described, put in place, loaded, built and published', async () => {
    expect(await mfg('source', 'init', folder, '--system', 'erp', '--time-zone', 'Europe/Berlin')).toBe(0);
    expect(out).toMatch(/preis_eur +Preis € +integer +likely/);
    expect(readdirSync(path.join(sourceDir, 'erp')).sort()).toEqual([
      'Aufträge.csv',
      'messwerte.csv',
      'stamm-daten.csv',
    ]);
    expect(await mfg('ingest', '--system', 'erp', '--plan')).toBe(0);
    expect(out).toMatch(/auftraege +.*erp\/Aufträge\.csv/);
    dataSet = await buildDataSet(sourceDir, path.join(dir, 'state'), dbtDir);
    expect(dataSet.build.status).toBe('BUILT');
    expect(dataSet.build.warned).toEqual([]);
  });

  it('has exactly the values of its files in staging', async () => {
    const orders = await dataSet.rows(
      `select auftrag_nr, menge_kg::varchar as menge, preis_eur::varchar as preis, liefertermin::varchar as termin,
         bestaetigt_am::varchar as bestaetigt, gebucht_am::varchar as gebucht, schicht_ab::varchar as schicht, gesperrt, status,
         order_field::varchar as ord, column_11 as leer, uncastable_cell_count::int as bad
       from staging.stg_erp__auftraege order by auftrag_nr`,
    );
    const row = (values: unknown[]) =>
      Object.fromEntries(
        ['auftrag_nr', 'menge', 'preis', 'termin', 'bestaetigt', 'gebucht', 'schicht', 'gesperrt', 'status', 'ord'].map(
          (name, index) => [name, values[index]],
        ),
      );
    expect(orders.map(({ leer: _leer, bad: _bad, ...rest }) => rest)).toEqual([
      // Berlin is two hours ahead of UTC in July, one in winter.
      row([
        '00000001',
        '1234.560000',
        '1250',
        '2025-12-31',
        '2026-03-05',
        '2026-07-01 04:30:00',
        '06:00:00',
        true,
        'geplant',
        '7',
      ]),
      row([
        '00000002',
        '999.500000',
        '980',
        '2026-02-01',
        '2026-05-01',
        '2025-12-31 22:59:00',
        '14:30:00',
        false,
        'fertig',
        '8',
      ]),
      row([
        '00000003',
        null,
        null,
        '2024-02-29',
        '2025-12-31',
        '2026-01-01 23:00:00',
        '22:15:00',
        false,
        'offen; "teils"',
        '9',
      ]),
      row([
        '00000004',
        '-0.250000',
        '2400',
        null,
        '2026-10-24',
        '2026-10-25 11:00:00',
        '06:00:00',
        true,
        'geplant',
        '10',
      ]),
    ]);
    expect(orders.every(({ leer, bad }) => leer === null && bad === 0)).toBe(true);
    expect(
      await dataSet.rows(
        `select zeit::varchar as zeit, kanal_1_deg_c::varchar as first, kanal_599_deg_c::varchar as last, uncastable_cell_count::int as bad
         from staging.stg_erp__messwerte order by zeit`,
      ),
    ).toEqual([
      { zeit: '2026-03-29 01:30:00', first: '0.100000', last: '0.599000', bad: 0 },
      { zeit: '2026-03-29 02:30:00', first: '1.100000', last: '1.599000', bad: 0 },
      { zeit: '2026-03-29 03:30:00', first: '2.100000', last: '2.599000', bad: 0 },
    ]);
    expect(
      await dataSet.rows('select id, aktiv, seit::varchar as seit from staging.stg_erp__stamm_daten order by id'),
    ).toEqual([
      { id: 'A', aktiv: true, seit: '2026-02-05' },
      { id: 'B', aktiv: false, seit: '2026-05-06' },
    ]);
  });

  it('passes the quality checks', async () => {
    const systems = await readSourceContracts(dbtDir);
    const { outcomes } = await checkPublication(dataSet.warehouse, {
      ...{ target: { kind: 'publication', publication: dataSet.publication }, systems, asOf: new Date() },
      models: await readModelQuality(dbtDir),
    });
    expect(outcomes.filter(({ status }) => status !== 'PASS')).toEqual([]);
    // The loader judges types by the contract's formats as staging does: nothing has drifted.
    expect(await dataSet.rows('select * from raw.schema_drift_event')).toEqual([]);
    expect(outcomes.map(({ table }) => table)).toEqual(
      expect.arrayContaining(['auftraege', 'messwerte', 'stamm_daten']),
    );
  });

  it('is never written over', async () => {
    const sources = path.join(dbtDir, 'models', 'staging', 'erp', '_erp__sources.yml');
    const before = readFileSync(sources, 'utf8');
    expect(await mfg('source', 'init', folder, '--system', 'erp')).toBe(2);
    expect(out).toMatch(/erp is described already, in .*: name another system/);
    expect(readFileSync(sources, 'utf8')).toBe(before);
    deliver(sourceDir, 'plm/x.csv', 'a;b\n1;2\n');
    expect(await mfg('source', 'init', folder, '--system', 'plm')).toBe(2);
    expect(out).toMatch(/plm holds files already \(x\.csv\)/);
    expect(await mfg('source', 'init', path.join(sourceDir, 'plm'), '--json')).toBe(0);
    const report = JSON.parse(out) as { system: string; copiedTo: string | null; tables: { name: string }[] };
    expect(report).toMatchObject({ system: 'plm', copiedTo: null, tables: [{ name: 'x' }] });
    expect(await mfg('ingest', '--plan')).toBe(2);
    expect(out).toMatch(/several source systems are described \(erp, plm\): name one, as --system erp/);
  });
});
