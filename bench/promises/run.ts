/**
 * Measures what each contender promises when a client is away, when readers are slow, and when Redis dies:
 *
 *   npx tsx bench/promises/run.ts              all, some five minutes
 *   npx tsx bench/promises/run.ts ws           one contender
 *
 * Prints what it measured. When all have run, it writes bench/promises/results.json and the tables of docs/comparison.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContenderName, contenders } from './contenders/registry.ts';
import { withTables } from './page.ts';
import { away } from './scenes/away.ts';
import { redisDies } from './scenes/redis-dies.ts';
import { slowReaders } from './scenes/slow-readers.ts';

const names = Object.keys(contenders) as ContenderName[];
const asked = names.filter((name) => process.argv.length < 3 || process.argv.slice(2).includes(name));
const results: Record<string, unknown> = {};
for (const name of asked) {
  const result = {
    away: await away(name),
    slowReaders: await slowReaders(name),
    redisDies: await redisDies(name),
  };
  console.log(name, JSON.stringify(result, null, 2));
  results[name] = result;
}
if (asked.length === names.length) {
  writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  const page = join(import.meta.dirname, '../../docs/comparison.md');
  writeFileSync(page, withTables(readFileSync(page, 'utf8')));
}
process.exit(0); // clients of contenders keep timers
