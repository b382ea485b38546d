import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { visible } from './print';

/** Shows a local file in the browser; says so where none can be started. */
export async function openInBrowser(file: string): Promise<void> {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [pathToFileURL(file).href], { stdio: 'ignore', detached: true });
  try {
    await once(child, 'spawn');
    child.unref();
  } catch {
    console.error(`No browser could be opened (${opener} is not there): open ${visible(file)} yourself.`);
  }
}
