import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, type Config } from '../../contracts/config';
import { TerminalError } from '../../contracts/errors';
import { checkAlerts } from '../../client/doctor/alerts';
import { checkDuckDb } from '../../client/doctor/duckdb';
import { checkEnvironment } from '../../client/doctor/environment';
import { examine, sentences, type Check, type Finding } from '../../client/doctor/finding';
import { checkDbtProject, checkInstallation } from '../../client/doctor/installation';
import { checkSources } from '../../client/doctor/sources';
import { checkTemporal } from '../../client/doctor/temporal';
import { createDuckDbWarehouse } from '../../warehouse/duckdb/duckdb-warehouse';
import { mfg } from '../support/command-line';
import { scratchDir } from '../support/scratch';
import { SOURCES_YAML } from '../support/tables';

async function findingsOf(check: Check): Promise<Finding[]> {
  const findings: Finding[] = [];
  await examine([['it', check]], (finding) => findings.push(finding));
  return findings;
}

/** A configuration whose folders are all in one scratch folder, with one described system and its folder. */
function setUp(sources = SOURCES_YAML): Config {
  const dir = scratchDir();
  const config: Config = {
    ...loadConfig(),
    temporalAddress: undefined,
    warehouse: 'duckdb',
    stateDir: path.join(dir, 'state'),
    sourceDir: path.join(dir, 'source'),
    dbtDir: path.join(dir, 'dbt'),
  };
  const staging = path.join(config.dbtDir, 'models', 'staging', 'mes');
  mkdirSync(staging, { recursive: true });
  writeFileSync(path.join(staging, '_mes__sources.yml'), sources);
  mkdirSync(path.join(config.sourceDir, 'mes'), { recursive: true });
  return config;
}

describe('doctor: environment', () => {
  const env = (content: string, mode = 0o600) => {
    const file = path.join(scratchDir(), '.env');
    writeFileSync(file, content);
    chmodSync(file, mode);
    return file;
  };

  it('finds nothing wrong with known names', async () => {
    const file = env('MFG_THREADS=2\nSNOWFLAKE_USER=a\nTEMPORAL_API_KEY=x\nEDITOR=vi\n');
    expect(
      await findingsOf(checkEnvironment(file, { MFG_DEBUG: '1', PATH: '/bin', SNOWFLAKE_DISABLE_MINICORE: '1' })),
    ).toEqual([{ check: '.env', verdict: 'ok', detail: '4 variables, all known' }]);
  });

  it.each([
    ['MFG_THREAD', 'it may be MFG_THREADS'],
    ['MGF_THREADS', 'it may be MFG_THREADS'],
    ['SNOFLAKE_USER', 'it may be SNOWFLAKE_USER'],
    ['TEMPORAL_ADRESS', 'it may be TEMPORAL_ADDRESS'],
    ['MFG_SOMETHING_ELSE', 'remove it, or see .env.example for the names'],
  ])('names %s, which nothing reads', async (name, remedy) => {
    const expected = { verdict: 'warning', detail: `nothing reads ${name}`, remedy };
    expect(await findingsOf(checkEnvironment(env(`${name}=x\n`), {}))).toEqual([{ check: '.env', ...expected }]);
    expect(await findingsOf(checkEnvironment(env(''), { [name]: 'x' }))).toEqual([
      { check: 'environment', ...expected },
    ]);
  });

  it('warns of secrets that others may read, without showing them', async () => {
    const findings = await findingsOf(checkEnvironment(env('SNOWFLAKE_PASSWORD=secret-1\n', 0o644), {}));
    expect(findings[0]).toMatchObject({ verdict: 'warning', remedy: expect.stringMatching(/^chmod 600 /) as string });
    expect(JSON.stringify(findings)).not.toContain('secret-1');
  });
});

describe('doctor: sources and time zones', () => {
  it('knows what is described and what is delivered', async () => {
    const config = setUp();
    mkdirSync(path.join(config.sourceDir, 'erp'));
    expect(await findingsOf(checkSources(config))).toMatchObject([
      { check: 'contracts', verdict: 'ok' },
      { check: 'time zones', verdict: 'ok' },
      { check: 'source folder', verdict: 'ok', detail: `${config.sourceDir}: mes` },
      { check: 'source folder', verdict: 'warning', detail: 'erp is not described: nothing of it is loaded' },
    ]);
  });

  it('names a source folder that is not there', async () => {
    const config = { ...setUp(), sourceDir: '/nowhere' };
    expect((await findingsOf(checkSources(config))).at(-1)).toMatchObject({
      verdict: 'failed',
      detail: '/nowhere cannot be read',
      remedy: 'create it, or correct MFG_SOURCE_DIR',
    });
  });

  it('says what is wrong with a contract', async () => {
    const findings = await findingsOf(checkSources(setUp('version: 2\nsources: none\n')));
    expect(findings).toMatchObject([
      { check: 'it', verdict: 'failed', detail: expect.stringMatching(/_mes__sources.yml/) as string },
    ]);
  });
});

describe('doctor: alerts', () => {
  it('names who is told by host, and warns of a service of which nobody hears', async () => {
    const config = setUp();
    const alerts = {
      ...config.alerts,
      slackUrl: 'https://hooks.example/secret',
      deadmanUrl: 'https://ping.example/secret',
    };
    const findings = await findingsOf(checkAlerts({ ...config, alerts }));
    expect(findings).toMatchObject([
      { verdict: 'ok' },
      { check: 'dead-man ping', verdict: 'ok', detail: 'ping.example' },
    ]);
    expect(findings[0]?.detail).toContain('hooks.example');
    expect(JSON.stringify(findings)).not.toContain('secret');
    const silent = await findingsOf(checkAlerts({ ...config, temporalAddress: 'temporal:7233' }));
    expect(silent.map(({ verdict }) => verdict)).toEqual(['warning', 'warning']);
  });

  it('names a file that cannot be written', async () => {
    const config = setUp();
    const alerts = { ...config.alerts, file: path.join(__filename, 'alerts.jsonl') };
    expect((await findingsOf(checkAlerts({ ...config, alerts }))).map(({ verdict }) => verdict)).toContain('failed');
  });
});

describe('doctor: embedded warehouse', () => {
  it('is fine while it is empty', async () => {
    expect((await findingsOf(checkDuckDb(setUp()))).at(-1)).toMatchObject({ check: 'warehouse', verdict: 'ok' });
  });

  it('opens the store', async () => {
    const config = setUp();
    await createDuckDbWarehouse(config.stateDir, 'test').head();
    expect((await findingsOf(checkDuckDb(config))).at(-1)).toMatchObject({
      verdict: 'ok',
      detail: `DuckDB in ${config.stateDir}, nothing published yet`,
    });
  });

  it('names a store that is none', async () => {
    const config = setUp();
    mkdirSync(config.stateDir);
    writeFileSync(path.join(config.stateDir, 'store.duckdb'), 'not a database');
    expect((await findingsOf(checkDuckDb(config))).at(-1)).toMatchObject({
      check: 'it',
      verdict: 'failed',
      detail: expect.stringMatching(/not a valid DuckDB database file/) as string,
    });
  });
});

describe('doctor: installation', () => {
  it('compares the Python packages with those that are pinned', async () => {
    expect(await findingsOf(checkInstallation('duckdb'))).toMatchObject([
      { check: 'Node', verdict: 'ok' },
      { check: 'Python', verdict: 'ok' },
      { check: 'dbt', verdict: 'ok', detail: expect.stringMatching(/^dbt-core \d+\.\d+/) as string },
    ]);
  });

  it('names a dbt project that does not parse', async () => {
    const [finding] = await findingsOf(checkDbtProject(setUp()));
    expect(finding).toMatchObject({
      check: 'dbt project',
      verdict: 'failed',
      detail: expect.stringMatching(/dbt_project\.yml/) as string,
    });
  });
});

describe('doctor: Temporal', () => {
  it('starts nothing', async () => {
    const [finding] = await findingsOf(checkTemporal(setUp()));
    expect(finding).toMatchObject({
      check: 'Temporal',
      verdict: 'ok',
      detail: expect.stringMatching(/^embedded/) as string,
    });
  });
});

describe('doctor: report', () => {
  it('parts the fault from the advice', () => {
    expect(sentences(new TerminalError('A failed (1: x: y), since B: do C.'))).toEqual([
      'A failed (1: x: y), since B',
      'do C',
    ]);
    expect(sentences(new Error('A failed (1: x).'))[0]).toBe('A failed (1: x).');
  });

  it('goes on after a check that breaks', async () => {
    const findings: Finding[] = [];
    const broken: Check = async () => Promise.reject(new Error('it broke'));
    await examine(
      [
        ['one', broken],
        ['two', async (tell) => tell.ok('two', 'fine')],
      ],
      (finding) => findings.push(finding),
    );
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['one', 'failed'],
      ['two', 'ok'],
    ]);
  });

  it('ends with exit code 1 and valid JSON when the configuration is not valid', async () => {
    process.env.MFG_THREADS = 'many';
    try {
      const { code, out } = await mfg('doctor', '--json');
      expect(code).toBe(1);
      const report = JSON.parse(out) as { usable: boolean; findings: Finding[] };
      expect(report.usable).toBe(false);
      expect(report.findings.at(-1)).toEqual({
        check: 'configuration',
        verdict: 'failed',
        detail: "MFG_THREADS is 'many', which is not valid (must be a whole number)",
        remedy: 'correct it in the environment or in .env',
      });
    } finally {
      delete process.env.MFG_THREADS;
    }
  });
});
