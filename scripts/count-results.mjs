// Used by .ci/run: node scripts/count-results.mjs <folder> <exit code of npm test> <exit code of npm run check>
// Prints the seconds per kind of test and, last, 'N passed, N failed'. What ended badly without saying how many
// failed counts as one failure, so that no failure is hidden.
import fs from 'node:fs';
import path from 'node:path';

const [folder, testStatus, checkStatus] = process.argv.slice(2);
const tests = testResults();
const checks = checkResults();
const passed = tests.passed + checks.passed;
const failed = tests.failed + checks.failed;
if (tests.skipped > 0) console.log(`${tests.skipped} tests were skipped.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function testResults() {
  const jest = read('jest.json', JSON.parse);
  if (!jest) return { passed: 0, failed: 1, skipped: 0 };
  const secondsByKind = {};
  for (const file of jest.testResults) {
    const kind = path.relative(process.cwd(), file.name).split(path.sep)[1];
    secondsByKind[kind] = (secondsByKind[kind] || 0) + (file.endTime - file.startTime) / 1000;
  }
  for (const kind of Object.keys(secondsByKind)) console.log(`  ${kind}: ${secondsByKind[kind].toFixed(1)} s`);
  // A test file that could not run has no test results of its own.
  const failedCount = jest.numFailedTests + jest.numRuntimeErrorTestSuites;
  return {
    passed: jest.numPassedTests,
    failed: failedCount === 0 && testStatus !== '0' ? 1 : failedCount,
    skipped: jest.numPendingTests + jest.numTodoTests,
  };
}

function checkResults() {
  const counts = /^Checks: (\d+) passed, (\d+) failed$/m.exec(read('check.txt', String) || '');
  if (!counts) return { passed: 0, failed: 1 };
  const failedCount = Number(counts[2]);
  return { passed: Number(counts[1]), failed: failedCount === 0 && checkStatus !== '0' ? 1 : failedCount };
}

function read(name, parse) {
  try {
    return parse(fs.readFileSync(path.join(folder, name), 'utf8'));
  } catch {
    return undefined;
  }
}
