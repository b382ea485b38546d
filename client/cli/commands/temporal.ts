import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig, type Config } from '../../../contracts/config';
import { PlatformError } from '../../../contracts/errors';
import { venvProgram } from '../../../contracts/installation';
import { externalServer } from '../../connection';
import { leasePlatform } from '../../platform';
import { CommandFailure } from '../failures';
import { runTool } from '../run-tool';

/** `mfg temporal …`: Temporal's own command line, with the platform's address. */
export function addTemporal(program: Command): void {
  program
    .command('temporal')
    .summary("Temporal's own command line, with the right address")
    .description(
      "Passes everything on to the bundled `temporal`, with the address of the server that the platform uses. The embedded server is brought up for as long as the command lasts, or `npm run dev`'s is used.",
    )
    .usage('<arguments of temporal...>')
    .argument('[arguments...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  npx mfg temporal workflow list
  npx mfg temporal workflow show --workflow-id mfg-raw-ingestion-auto-20260311T020000Z-1f2e
  npx mfg temporal workflow start --task-queue mfg-data-platform --type mfgDbtTransform --input '{}'
  npx mfg temporal --help`,
    )
    .action(temporal);
}

async function temporal(args: string[]): Promise<void> {
  const config = loadConfig();
  const code = await runTemporal(config, args);
  if (code !== 0) throw new CommandFailure('', code);
}

async function runTemporal(config: Config, args: string[]): Promise<number> {
  const program = venvProgram('temporal');
  if (!existsSync(program)) {
    throw new PlatformError(
      "Temporal's command line is not installed here, as in the image: use `docker compose run --rm temporal-cli`, or the `temporal` of another machine.",
    );
  }
  const external = externalServer(config);
  if (external !== undefined) {
    return runTool(program, args, { env: { ...process.env, TEMPORAL_ADDRESS: external.address } });
  }
  if (asksNoServer(args)) return runTool(program, args);
  const lease = await leasePlatform(config);
  try {
    return await runTool(program, args, { env: embeddedEnvironment(lease.address) });
  } finally {
    if (!lease.staysUp && startsSomething(args)) {
      console.error(
        'The embedded server ends with this command; what it has begun goes on with the next one, or in `npm run dev`.',
      );
    }
    await lease.release();
  }
}

/** Neither another server's namespace or credentials nor a profile of this machine are meant for the embedded one. */
function embeddedEnvironment(address: string): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  return { ...env, TEMPORAL_ADDRESS: address, TEMPORAL_CONFIG_FILE: '/dev/null' };
}

function asksNoServer(args: string[]): boolean {
  return (
    args.length === 0 || args.some((arg) => arg === '--help' || arg === '-h' || arg === '--version' || arg === '-v')
  );
}

function startsSomething(args: string[]): boolean {
  return args.some((arg) => ['start', 'reset', 'trigger', 'backfill', 'signal-with-start'].includes(arg));
}
