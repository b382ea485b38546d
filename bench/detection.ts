import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from '../contracts/config';
import { codeVersion } from '../contracts/installation';
import { runCleanDays } from './detection/clean-days';
import { runDefaultDefects } from './detection/default-defects';
import { runFaults } from './detection/fault-runs';
import { chooseFaults } from './detection/faults';
import { openMemory } from './detection/memory';
import { type DetectionOptions, parseOptions } from './detection/options';
import { projectWithoutTests } from './detection/projects';
import { type Findings, lineOf, report } from './detection/report';

/**
 * What the quality checks find, and what they say of days on which nothing is wrong: `npm run bench -- detection --help`.
 *
 * Everything goes through the platform's own steps: a simulated export is planned, loaded, built by dbt, published and checked.
 */

const REPORT = path.join(PROJECT_ROOT, 'docs', 'quality-benchmark.md');

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const work = path.join(PROJECT_ROOT, '.mfg', 'bench', `detection-${options.purpose}`);
  await openMemory(work, codeVersion(), options.isKept);
  const dbtDir = await projectWithoutTests(path.join(work, 'project'));
  const command = ['npm run bench -- detection', ...process.argv.slice(2).filter((word) => word !== '--keep')].join(
    ' ',
  );
  const findings: Findings = { command, history: options.history, faults: [], defects: [], days: [] };
  await timed('faults', () => faults(options, work, dbtDir, findings));
  await timed('the simulator’s defects', () => defects(options, work, dbtDir, findings));
  await timed('clean days', () => days(options, work, dbtDir, findings));
  const page = report(findings);
  console.log(`\n${page}`);
  if (isWhole(options)) await writeFile(REPORT, page);
  if (!options.isKept) await rm(work, { recursive: true, force: true });
}

async function faults(options: DetectionOptions, work: string, dbtDir: string, into: Findings): Promise<void> {
  if (!options.parts.includes('faults')) return;
  for (const seed of options.faults) {
    console.log(`faults of seed ${seed}`);
    const runs = await runFaults({
      ...{
        seed,
        days: options.history,
        faults: chooseFaults(options.only, options.targets),
        folder: path.join(work, `faults-${seed}`),
      },
      ...{ dbtDir, withDbtTests: options.withDbtTests, isTidy: !options.isKept },
      onRun: (run, seconds) => console.log(lineOf(run, seconds)),
    });
    into.faults.push(...runs);
  }
}

async function defects(options: DetectionOptions, work: string, dbtDir: string, into: Findings): Promise<void> {
  if (!options.parts.includes('defects')) return;
  for (const seed of options.faults) {
    const folder = path.join(work, `defects-${seed}`);
    into.defects.push({ seed, found: await runDefaultDefects({ seed, days: options.history, folder, dbtDir }) });
  }
}

async function days(options: DetectionOptions, work: string, dbtDir: string, into: Findings): Promise<void> {
  if (!options.parts.includes('days')) return;
  for (const seed of options.cleanDays) {
    console.log(`clean days of seed ${seed}`);
    const request = {
      seed,
      history: options.history,
      days: options.days,
      folder: path.join(work, `days-${seed}`),
      dbtDir,
    };
    const onDay = (date: string, alarms: number, seconds: number) =>
      console.log(`${date}  ${alarms} alarms  ${seconds.toFixed(1)} s`);
    into.days.push(await runCleanDays({ ...request, onDay }));
  }
}

/** Only a call with the reporting seeds, of all parts, is a report. */
function isWhole({ purpose, only, parts, isQuick }: DetectionOptions): boolean {
  return purpose === 'report' && only === '' && parts.length === 3 && !isQuick;
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const [wall, used] = [performance.now() - started, (user + system) / 1000].map((ms) => (ms / 1000).toFixed(0));
  console.log(`${what}: ${wall} s, of which ${used} s of CPU time in this process`);
}

void main();
