import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { configSchema, loadConfig, PROJECT_ROOT } from '../../contracts/config';
import { venvProgram } from '../../contracts/installation';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes';
import { composeFile, composeVariables, composeViolations, dockerfile, projectFile } from '../support/deployment-files';

const REQUIRED = { TEMPORAL_DB_PASSWORD: 'secret' };
const compose = composeFile(REQUIRED);
const services = Object.entries(compose.services);
const worker = compose.services.worker ?? {};
const image = dockerfile();
const texts = (instruction: string) => image.filter((line) => line.instruction === instruction).map(({ text }) => text);
const imageEnv = Object.fromEntries(
  texts('ENV').flatMap((text) => text.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
);

describe('docker-compose.yml', () => {
  it('is a valid Compose file; one with a wrong word is not', () => {
    expect(composeViolations(compose)).toEqual([]);
    const wrong = { ...compose, services: { ...compose.services, worker: { ...worker, imagee: 'x' } } };
    expect(composeViolations(wrong)).toEqual([expect.stringContaining("'imagee'")]);
  });

  it('does not start without a password for the database, which stands nowhere in it', () => {
    expect(() => composeFile({})).toThrow('TEMPORAL_DB_PASSWORD is not set');
    expect(worker.environment?.TEMPORAL_DB_PASSWORD).toBe('');
  });

  it('names only variables that .env.example explains', () => {
    const explained = projectFile('.env.example');
    expect(composeVariables().filter((name) => !explained.includes(name))).toEqual([]);
  });

  it('gives the worker only variables that it reads, with values that are valid', () => {
    const { TEMPORAL_DB_PASSWORD: _, ...environment } = worker.environment ?? {};
    const own = Object.keys(environment).filter((name) => name.startsWith('MFG_'));
    expect(own.filter((name) => !(name in configSchema.shape))).toEqual([]);
    const config = loadConfig(environment);
    expect(config).toMatchObject({ temporalAddress: 'temporal:7233', workerLog: 'stderr', dbtDir: '/app/dbt' });
    expect(config.temporalUiUrl).toBe(`http://127.0.0.1:${configSchema.parse({}).MFG_TEMPORAL_UI_PORT}`);
  });

  it('mounts what the worker reads and writes', () => {
    const { MFG_STATE_DIR, MFG_SOURCE_DIR } = worker.environment ?? {};
    expect(worker.volumes).toContainEqual(`state:${MFG_STATE_DIR}`);
    expect(worker.volumes).toContainEqual(expect.objectContaining({ target: MFG_SOURCE_DIR, read_only: true }));
    expect(imageEnv).toMatchObject({ MFG_STATE_DIR, MFG_SOURCE_DIR });
  });

  it('publishes the documented ports, on the loopback interface unless told otherwise', () => {
    const { MFG_TEMPORAL_PORT, MFG_TEMPORAL_UI_PORT } = configSchema.parse({});
    expect(compose.services.temporal?.ports).toEqual([`127.0.0.1:${MFG_TEMPORAL_PORT}:7233`]);
    expect(compose.services['temporal-ui']?.ports).toEqual([`127.0.0.1:${MFG_TEMPORAL_UI_PORT}:8080`]);
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    const open = composeFile({ ...REQUIRED, MFG_PUBLISH_ADDRESS: '10.0.0.5', MFG_TEMPORAL_UI_PORT: '80' });
    expect(open.services['temporal-ui']?.ports).toEqual(['10.0.0.5:80:8080']);
  });

  it('pins every image, Temporal to the version of the embedded server', () => {
    const images = services.map(([, service]) => service.image ?? '').filter((name) => name !== 'mfg-data-platform');
    expect(images.filter((name) => !/:v?\d+\.\d+(\.\d+)?/.test(name))).toEqual([]);
    const version = execFileSync(venvProgram('temporal'), ['--version'], { encoding: 'utf8' });
    const [, server, ui] = /Server ([\d.]+), UI ([\d.]+)/.exec(version) ?? [];
    expect(images.filter((name) => name.startsWith('temporalio/')).sort()).toEqual(
      ['admin-tools', 'admin-tools', 'admin-tools', 'server']
        .map((name) => `temporalio/${name}:${server}`)
        .concat(`temporalio/ui:${ui}`),
    );
  });

  it('checks the health of what stays up, and starts it again', () => {
    for (const [name, service] of services) {
      const once = ['temporal-schema', 'temporal-namespace'].includes(name);
      if (name === 'temporal-cli') continue;
      expect([name, service.restart]).toEqual([name, once ? 'on-failure:5' : 'unless-stopped']);
      // The worker's check stands in its image.
      expect([name, service.healthcheck !== undefined]).toEqual([name, !once && name !== 'worker']);
    }
    const waitedFor = services.flatMap(([, service]) => Object.entries(service.depends_on ?? {}));
    for (const [name, { condition }] of waitedFor) {
      const stays = compose.services[name]?.healthcheck !== undefined;
      expect([name, condition]).toEqual([name, stays ? 'service_healthy' : 'service_completed_successfully']);
    }
  });

  it('mounts files that exist', () => {
    const mounts = services.flatMap(([, service]) => service.volumes ?? []);
    const files = mounts.map((mount) => (typeof mount === 'string' ? mount.split(':')[0] : mount.source) as string);
    const own = files.filter((file) => file.startsWith('./'));
    expect(own.length).toBeGreaterThan(4);
    expect(own.filter((file) => !existsSync(path.join(PROJECT_ROOT, file)))).toEqual([]);
  });

  it('registers exactly the search attributes of the workflows, and keeps histories for 30 days', () => {
    const script = projectFile('deploy/temporal-namespace.sh');
    const registered = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(
      ([, ...pair]) => pair as [string, string],
    );
    expect(Object.fromEntries(registered)).toEqual(SEARCH_ATTRIBUTES);
    expect(script).toContain('RETENTION=720h');
  });

  it('scrapes the address on which workers show their metrics', () => {
    const { scrape_configs } = parse(projectFile('deploy/prometheus.yml')) as {
      scrape_configs: { job_name: string; dns_sd_configs?: object[]; static_configs?: object[] }[];
    };
    const port = Number(worker.environment?.MFG_METRICS_ADDRESS?.split(':')[1]);
    expect(scrape_configs[0]?.dns_sd_configs).toEqual([{ names: ['worker'], type: 'A', port }]);
    const server = compose.services.temporal?.environment?.PROMETHEUS_ENDPOINT?.replace('0.0.0.0', 'temporal');
    expect(scrape_configs[1]?.static_configs).toEqual([{ targets: [server] }]);
  });
});

describe('the Dockerfile', () => {
  const allowed = projectFile('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

  it('copies what exists and what .dockerignore lets in', () => {
    const copies = texts('COPY').filter((text) => !text.startsWith('--from='));
    const sources = copies.flatMap((text) => text.split(/\s+/).slice(0, -1)).filter((source) => source !== '.');
    expect(sources.length).toBeGreaterThan(6);
    expect(sources.filter((source) => !existsSync(path.join(PROJECT_ROOT, source)))).toEqual([]);
    expect(sources.filter((source) => !allowed.includes(source.replace(/\/$/, '')))).toEqual([]);
  });

  it('lets in all that is built, and neither secrets nor data nor tests', () => {
    const { include } = JSON.parse(projectFile('tsconfig.json')) as { include: string[] };
    const built = include.filter((folder) => folder !== 'test');
    expect(built.filter((folder) => !allowed.includes(folder))).toEqual([]);
    expect(allowed.filter((name) => /^(\.env|\.git|data|test|\.mfg|node_modules|dist)(\/|$)/.test(name))).toEqual([
      'data/simulator',
    ]);
    expect(projectFile('.dockerignore')).toMatch(/^\*$/m);
  });

  it('is pinned, takes stages that exist, and installs only what is locked', () => {
    expect(texts('ARG')).toEqual([expect.stringMatching(/^NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/)]);
    const stages = texts('FROM').map((text) => text.split(/\s+/)[2]);
    const taken = texts('COPY').flatMap((text) => /^--from=(\w+)/.exec(text)?.[1] ?? []);
    expect(taken.filter((stage) => !stages.includes(stage))).toEqual([]);
    const runs = texts('RUN').join('\n');
    expect(runs).toContain('--require-hashes');
    expect(runs).not.toMatch(/npm (install|i) |curl|wget|pip install (?!--no-deps --require-hashes)/);
  });

  it('runs the worker and its health check as an ordinary user', () => {
    expect(image.slice(-4).map(({ instruction }) => instruction)).toEqual(['USER', 'ENTRYPOINT', 'CMD', 'HEALTHCHECK']);
    expect(texts('USER')).toEqual(['node']);
    expect(texts('CMD')).toEqual(['["node", "--enable-source-maps", "dist/workers/main.js"]']);
    expect(texts('HEALTHCHECK')[0]).toMatch(/CMD \["mfg", "worker", "--check"\]$/);
    for (const module of ['workers/main.ts', 'client/cli/main.ts']) {
      expect(existsSync(path.join(PROJECT_ROOT, module))).toBe(true);
    }
    expect(projectFile('deploy/mfg')).toContain('/app/dist/client/cli/main.js');
    expect(projectFile('client/cli/commands/worker.ts')).toContain("'--check'");
  });

  it('sets variables that are read', () => {
    expect(Object.keys(imageEnv).filter((name) => name !== 'NODE_ENV' && !(name in configSchema.shape))).toEqual([]);
    expect(loadConfig(imageEnv).stateDir).toBe('/var/lib/mfg');
  });

  it('has scripts that a shell can read', () => {
    for (const script of ['mfg', 'temporal-schema.sh', 'temporal-namespace.sh']) {
      const file = path.join(PROJECT_ROOT, 'deploy', script);
      expect([script, statSync(file).mode & 0o111]).toEqual([script, 0o111]);
      execFileSync('sh', ['-n', file]);
    }
  });
});
