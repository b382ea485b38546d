import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runDbtBuild, type DbtBuildRequest } from '../../transform/dbt-build';
import { scratchDir } from '../support/scratch';

/** Runs a build with a program in dbt's place: a shell script that sees dbt's arguments. */
async function build(script: string, signal?: AbortSignal, options: Partial<DbtBuildRequest> = {}) {
  const folder = scratchDir();
  const dbt = path.join(folder, 'dbt');
  writeFileSync(dbt, `#!/bin/sh\n${script}\n`);
  chmodSync(dbt, 0o755);
  mkdirSync(path.join(folder, 'target'));
  const request = {
    dbt,
    dbtDir: folder,
    folder,
    target: 'duckdb',
    threads: 1,
    parseCacheDir: path.join(folder, 'cache'),
  };
  return runDbtBuild({ ...request, signal, ...options });
}

/** A script that writes run results with these nodes (`<unique id> <status> <message>`), and ends with a code. */
function results(code: number, ...nodes: string[]): string {
  const result = nodes.map((node) => {
    const [unique_id, status, message = null] = node.split(' ');
    return { unique_id, status, message, execution_time: 0.1 };
  });
  return `echo '${JSON.stringify({ elapsed_time: 1, results: result })}' > target/run_results.json; exit ${code}`;
}

describe('a dbt build', () => {
  it('is good only when dbt says so and every node ended well', async () => {
    const good = ['model.mfg.a success', 'test.mfg.b.123 pass', 'test.mfg.c.456 warn', 'unit_test.mfg.a.d pass'];
    expect(await build(results(0, ...good))).toMatchObject({
      status: 'BUILT',
      counts: { models: 1, tests: 3, warnings: 1 },
      nodes: [{ node: 'a' }, { node: 'b' }, { node: 'c' }, { node: 'd' }],
    });
    expect((await build(results(2, 'model.mfg.a success'))).status).toBe('FAILED');
    expect((await build(results(0, 'model.mfg.a partial'))).status).toBe('FAILED');
    expect((await build(results(1, 'model.mfg.a success', 'test.mfg.b.1 fail no'))).status).toBe('HELD');
    expect((await build(results(1, 'model.mfg.a error broken', 'test.mfg.b.1 skipped'))).status).toBe('FAILED');
  });

  it('gets each selector as an argument of its own, and of a selection may build nothing', async () => {
    const script = `for argument in "$@"; do echo "<$argument>" >> arguments; done; echo '{"elapsed_time": 1, "results": []}' > target/run_results.json`;
    const folder = scratchDir();
    const select = ['source:mes.a+', 'b;id', '$HOME'];
    const built = await build(script, undefined, { folder, select, stateDir: '/state folder' });
    expect(built).toMatchObject({ status: 'BUILT', counts: { models: 0 } });
    const given = readFileSync(path.join(folder, 'arguments'), 'utf8');
    expect(given).toMatch(
      /<--state>\n<\/state folder>\n<--full-refresh>\n<--select>\n<source:mes.a\+>\n<b;id>\n<\$HOME>\n$/,
    );
    expect((await build(script, undefined, { folder: scratchDir() })).status).toBe('FAILED');
  });

  it('whose test failed builds and tests what dbt left out because of it; what stays left out is a failure', async () => {
    const first = results(
      1,
      'model.mfg.a success',
      'test.mfg.b.1 fail no',
      'model.mfg.c skipped',
      'test.mfg.d.2 skipped',
    );
    const script = `case "$*" in
      *"--full-refresh --select c") ${results(0, 'model.mfg.c success')};;
      *" test "*"--select d") ${results(0, 'test.mfg.d.2 pass')};;
      *) ${first};;
    esac`;
    expect(await build(script)).toMatchObject({
      status: 'HELD',
      counts: { models: 2, tests: 2 },
      failures: [{ node: 'b' }],
      nodes: [{ status: 'success' }, { status: 'fail' }, { status: 'success' }, { status: 'pass' }],
    });
    expect((await build(first)).status).toBe('FAILED');
  });

  it('without results fails with the last words of dbt', async () => {
    expect(await build('echo "no profile" >&2; exit 2')).toMatchObject({
      status: 'FAILED',
      failures: [{ node: 'dbt', status: 'error', message: 'no profile' }],
    });
  });

  it('that something killed is tried again; one that cannot start is not', async () => {
    await expect(build('kill -9 $$')).rejects.toThrow(/^dbt was killed by SIGKILL/);
    const folder = scratchDir();
    const missing = {
      dbt: path.join(folder, 'no dbt'),
      dbtDir: folder,
      folder,
      target: 'x',
      threads: 1,
      parseCacheDir: folder,
    };
    await expect(runDbtBuild(missing)).rejects.toMatchObject({ name: 'ConfigurationError' });
  });

  it('ends with all that it started when it is cancelled', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('cancelled by hand')), 300);
    const started = Date.now();
    await expect(build('sleep 30 & wait', controller.signal)).rejects.toThrow('cancelled by hand');
    expect(Date.now() - started).toBeLessThan(4_500);
  });
});
