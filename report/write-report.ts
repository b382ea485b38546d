import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DIST } from '../contracts/installation';
import { TerminalError } from '../contracts/errors';
import type { Warehouse } from '../warehouse/warehouse';
import { collectReport, type ReportRequest } from './collect-report';
import type { ReportData } from './report-data';

/** A report that stands. */
export interface WrittenReport {
  file: string;
  publication: number;
  bytes: number;
}

/**
 * Writes the report page of a publication as one self-contained HTML file; one that is there is replaced when the new one is whole.
 *
 * @throws TerminalError when the file cannot be written; what `collectReport` throws.
 */
export async function writeReport(warehouse: Warehouse, request: ReportRequest, file: string): Promise<WrittenReport> {
  const data = await collectReport(warehouse, request);
  const page = await renderReport(data);
  const aside = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}`);
  try {
    await writeFile(aside, page);
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new TerminalError(
      `the report cannot be written to ${file} (${reason}): name a file in a folder that exists.`,
      {
        cause: error,
      },
    );
  }
  return { file, publication: data.publication.number, bytes: Buffer.byteLength(page) };
}

/**
 * The page: script, style and data inlined, nothing asked of any network. Its Content-Security-Policy allows the page's own script and
 * style, by their hashes, and nothing else.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const folder = path.join(DIST, 'report-page');
  const [script, style] = await Promise.all([
    readFile(path.join(folder, 'main.js'), 'utf8'),
    readFile(path.join(folder, 'style.css'), 'utf8'),
  ]);
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Plant report: publication ${data.publication.number}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page draws its figures with a script of its own: allow scripts for this file.</noscript>
<script type="application/json" id="report-data">${asJson(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Nothing of the data can end the element that it stands in: it has no `<`. */
function asJson(data: ReportData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
