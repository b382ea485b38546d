// npm run pack:client: packs mfg-data-platform/client, the platform for other services, to .mfg/pack/*.tgz: what client/index.ts reaches,
// with its declarations, and a package.json that names only the packages which that needs.
import './node-version.mjs';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT, setUpOrExit } from './set-up.mjs';

const PACK = path.join(ROOT, '.mfg', 'pack');
const CONTENT = path.join(PACK, 'package');

await setUpOrExit({ python: [] });
fs.rmSync(PACK, { recursive: true, force: true });
run(process.execPath, [
  path.join('node_modules', 'typescript', 'bin', 'tsc'),
  '-p',
  'tsconfig.client.json',
  '--outDir',
  CONTENT,
]);

// One implementation for both module systems: an error's class is the same however a module was loaded.
const names = Object.keys(createRequire(import.meta.url)(path.join(CONTENT, 'client', 'index.js')));
fs.writeFileSync(path.join(CONTENT, 'client', 'index.mjs'), `export { ${names.join(', ')} } from './index.js';\n`);
fs.writeFileSync(path.join(CONTENT, 'client', 'index.d.mts'), "export * from './index.js';\n");
const ours = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
fs.writeFileSync(path.join(CONTENT, 'package.json'), `${JSON.stringify(manifest(ours), null, 2)}\n`);
fs.copyFileSync(path.join(ROOT, 'docs', 'client.md'), path.join(CONTENT, 'README.md'));
const [{ filename, size, entryCount }] = JSON.parse(
  run('npm', ['pack', CONTENT, '--json', '--ignore-scripts', '--pack-destination', PACK]),
);
console.log(`${path.join(PACK, filename)} (${Math.round(size / 1000)} kB, ${entryCount} files)`);

function manifest({ name, version, license, engines, dependencies }) {
  return {
    name,
    version,
    description: 'Starts and follows runs of the manufacturing data platform from other services.',
    license,
    engines,
    exports: {
      './client': {
        import: { types: './client/index.d.mts', default: './client/index.mjs' },
        require: { types: './client/index.d.ts', default: './client/index.js' },
      },
    },
    // As services share packages, another version of the same major will do.
    dependencies: Object.fromEntries(packagesIn(CONTENT).map((used) => [used, `^${declared(dependencies, used)}`])),
  };
}

function declared(dependencies, used) {
  if (dependencies[used]) return dependencies[used];
  console.error(
    `The client imports '${used}', which is not among the dependencies of package.json: add it, or do without it.`,
  );
  return process.exit(1);
}

/** Names of the packages that the code or the declarations below a folder import. */
function packagesIn(folder) {
  const files = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /[.](js|ts|mjs|mts)$/.test(name));
  const imports = files.flatMap((name) => {
    const code = fs.readFileSync(path.join(folder, name), 'utf8');
    return [...code.matchAll(/(?:require\(|import\(|from )["']([^."'][^"']*)["']/g)].map(([, module]) => module);
  });
  const packages = imports
    .filter((module) => !module.startsWith('node:'))
    .map((module) => /^(@[^/]+\/)?[^/]+/.exec(module)[0]);
  return [...new Set(packages)].sort();
}

function run(command, args) {
  return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
