import { runCommandLine } from '../../client/cli/program';

/** Runs a command line in this process, as `npx mfg` does in its own. */
export async function mfg(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const mocks = [
    jest.spyOn(console, 'log').mockImplementation((text: string) => void (out += `${text}\n`)),
    jest.spyOn(console, 'error').mockImplementation((text: string) => void (err += `${text}\n`)),
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((out += String(text)))),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((err += String(text)))),
  ];
  const code = await runCommandLine(args);
  for (const mock of mocks) mock.mockRestore();
  return { code, out, err };
}
