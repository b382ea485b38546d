// Adds to package-lock.json the optional packages that npm left out because the registry it asked does not hold them
// (a mirror often lacks the binaries of other platforms). `npm ci` refuses a lock without them, on every platform.
// Their versions are those that the packages name; the integrity of what could not be fetched stays unknown.
// Run it after `npm install <package>`; it changes nothing in a lock that is complete. `--check` only tells.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32', 'mips64el'];

const checkOnly = process.argv.includes('--check');
const file =
  process.argv.slice(2).find((arg) => !arg.startsWith('-')) ||
  fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];

for (const [location, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies || {})) {
    if (isPresent(location, name)) continue;
    lock.packages[`node_modules/${name}`] = missingEntry(name, version, entry);
    added.push(`${name}@${version}`);
  }
}

if (added.length > 0 && !checkOnly) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, JSON.stringify(lock, null, 2) + '\n');
}
console.log(
  added.length === 0
    ? 'package-lock.json names every optional package.'
    : `package-lock.json ${checkOnly ? 'lacks' : 'now also names'} ${added.length} optional packages: ${added.join(', ')}`,
);
process.exitCode = checkOnly && added.length > 0 ? 1 : 0;

function isPresent(location, name) {
  for (let at = location; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${at ? at + '/' : ''}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

function missingEntry(name, version, parent) {
  if (!/^\d/.test(version)) throw new Error(`${name}@${version} is not an exact version: add it to the lock by hand.`);
  const words = name.split(/[/-]/);
  const os = OS.filter((word) => words.includes(word));
  const cpu = CPU.filter((word) => words.includes(word));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  return {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(parent.dev && { dev: true }),
    ...(os.includes('linux') && libc.length > 0 && { libc }),
    license: parent.license,
    optional: true,
    ...(os.length > 0 && { os }),
    ...(parent.engines && { engines: parent.engines }),
  };
}
