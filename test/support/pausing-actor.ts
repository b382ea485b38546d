import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { PROJECT_ROOT } from '../../contracts/config';
import { DIST } from '../../contracts/installation';
import { until } from './live-bench';

/** What somebody does to the publication log. */
export interface Act {
  act: 'publish' | 'approve' | 'rollback';
  publication: number;
}

/** How an act ended: the platform's own answer, or its sentence. */
export interface ActEnd {
  done?: Record<string, unknown>;
  failed?: string;
}

/** A process of its own that acts on the publication log and can be stopped before any step of an act. */
export class PausingActor {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;

  constructor(stateDir: string) {
    const program = path.join(PROJECT_ROOT, 'test', 'support', 'pausing-program.mjs');
    this.process = spawn(process.execPath, [program, DIST, stateDir]);
    this.process.stderr.pipe(process.stderr);
    this.lines = createInterface({ input: this.process.stdout });
  }

  /** Begins an act. @returns the step before which it has stopped, or its end when it has fewer steps. */
  async begin(act: Act, step: number): Promise<{ stopping: string } | ActEnd> {
    this.process.stdin.write(`${JSON.stringify({ ...act, step })}\n`);
    const answer = await this.answer();
    if ('stopping' in answer) await until('the process is stopped', () => this.state().startsWith('T'));
    return answer;
  }

  /** Wakes it. @returns the act's end. */
  async wake(): Promise<ActEnd> {
    const end = this.answer();
    this.process.kill('SIGCONT');
    return end as Promise<ActEnd>;
  }

  async close(): Promise<void> {
    this.process.kill('SIGKILL');
    await once(this.process, 'close');
  }

  private async answer(): Promise<{ stopping: string } | ActEnd> {
    const [line] = (await once(this.lines, 'line')) as [string];
    return JSON.parse(line) as { stopping: string } | ActEnd;
  }

  /** `T` when it is stopped. Linux tells without a process of its own. */
  private state(): string {
    const file = `/proc/${this.process.pid}/stat`;
    if (existsSync(file)) return readFileSync(file, 'utf8').split(') ')[1] ?? '';
    return execFileSync('ps', ['-o', 'state=', '-p', String(this.process.pid)], { encoding: 'utf8' }).trim();
  }
}
