import { execFile } from 'node:child_process';
import { cpSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../contracts/config';
import { scratchDir } from './scratch';

const run = promisify(execFile);

/** A project of another team: nothing but the packed client, installed with npm from its tarball, and the example service. */
export class ConsumerProject {
  private constructor(readonly dir: string) {}

  /** Packs the client as it is now and installs it. */
  static async install(): Promise<ConsumerProject> {
    const { stdout } = await run(process.execPath, [path.join(PROJECT_ROOT, 'scripts', 'pack-client.mjs')]);
    const tarball = /^(.+[.]tgz) \(/m.exec(stdout)?.[1] ?? '';
    const project = new ConsumerProject(scratchDir());
    cpSync(path.join(PROJECT_ROOT, 'examples', 'service'), project.dir, { recursive: true });
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    await project.run('npm', ['install', ...flags, tarball]);
    return project;
  }

  write(name: string, text: string): void {
    writeFileSync(path.join(this.dir, name), text);
  }

  /** Runs a program in the project. @returns what it printed. */
  async run(command: string, args: string[]): Promise<string> {
    // What `npm test` tells its children about its own project is not meant for an npm in this one.
    const foreign = /^(npm_(config_(local_)?prefix|package_|lifecycle_)|INIT_CWD$|NODE_OPTIONS$)/;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    return (await run(command, args, { cwd: this.dir, env })).stdout;
  }

  /** Names of the installed packages, with their scopes. */
  packages(): string[] {
    const below = (folder: string) => readdirSync(path.join(this.dir, 'node_modules', folder));
    return below('').flatMap((name) => (name.startsWith('@') ? below(name).map((own) => `${name}/${own}`) : [name]));
  }

  /** Size of all installed files, in MB of 10^6 bytes. */
  sizeMb(): number {
    const folder = path.join(this.dir, 'node_modules');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(path.join(folder, name)),
    );
    return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 1e6;
  }
}
