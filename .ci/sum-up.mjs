// node .ci/sum-up.mjs <directory of vitest's JSON reports> <steps that broke…>
// Prints the slowest files and tests of each report, each failure, and "N passed, N failed" last, and exits with 1 unless everything passed.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [dir = '.', ...broken] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const name of readdirSync(dir)) {
  try {
    const report = JSON.parse(readFileSync(join(dir, name), 'utf8'));
    // A file that could not be loaded has no tests that could fail.
    const unloaded = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    );
    tellSlowest(name, report.testResults);
    tellFailed(name, report.testResults);
    passed += report.numPassedTests;
    failed += report.numFailedTests + unloaded.length;
  } catch (error) {
    console.log(`${name} is no report of vitest's: ${error.message}`);
  }
}
// A step that broke without a failed test to show for it is told by its name, and counted.
if (broken.length > 0) console.log(`Failed: ${broken.join(', ')}`);
failed = Math.max(failed, broken.length);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function tellSlowest(name, files) {
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  console.log(`Slowest of ${name}, in seconds:`);
  tell(files, 8, (file) => [file.endTime - file.startTime, relative(process.cwd(), file.name)]);
  tell(tests, 8, (test) => [test.duration ?? 0, test.fullName]);
}

function tellFailed(name, files) {
  for (const file of files.filter(({ status }) => status === 'failed')) {
    const at = relative(process.cwd(), file.name);
    const tests = file.assertionResults.filter(({ status }) => status === 'failed');
    if (tests.length === 0) console.log(`Failed in ${name}: ${at}: ${file.message}`);
    for (const { fullName, failureMessages } of tests) {
      console.log(`Failed in ${name}: ${at} > ${fullName}: ${failureMessages[0]?.split('\n')[0]}`);
    }
  }
}

function tell(items, count, describe) {
  const rows = items.map(describe).sort(([a], [b]) => b - a);
  for (const [ms, what] of rows.slice(0, count))
    console.log(`  ${(ms / 1000).toFixed(1).padStart(6)}  ${what}`);
}
