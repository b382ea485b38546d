import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { closeAfterTests } from './scratch';

/** Debian's own browser: none is downloaded for tests. */
export async function startChromium(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const executablePath = folders.map((folder) => path.join(folder, 'chromium')).find((file) => existsSync(file));
  if (executablePath === undefined) {
    throw new Error('The tests of the report page need Chromium: install it (Debian: apt install chromium).');
  }
  // Chromium's own sandbox does not work for root, as whom containers run.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  closeAfterTests(() => browser.close());
  return browser;
}
