// Bundles the workflows once, so that a worker starts without doing it: node scripts/bundle-workflows.mjs <output file>
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const output = process.argv[2];
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
});
await mkdir(dirname(output), { recursive: true });
await writeFile(output, code);
