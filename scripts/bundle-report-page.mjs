// Bundles the report page's script and style, which the page then carries: node scripts/bundle-report-page.mjs <output folder>
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const page = (file) => fileURLToPath(new URL(`../report/page/${file}`, import.meta.url));

await build({
  entryPoints: [page('main.ts'), page('style.css')],
  outdir: process.argv[2],
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022', 'chrome100', 'firefox100', 'safari15.4'],
  // The charts' licence asks for its notice to stay.
  legalComments: 'eof',
  // Nothing in the script may end the element that it is inlined in: esbuild escapes </script>.
  platform: 'browser',
  charset: 'utf8',
  logLevel: 'warning',
});
