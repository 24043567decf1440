import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { away } from './scenes/away.ts';
import type { redisDies } from './scenes/redis-dies.ts';
import type { slowReaders } from './scenes/slow-readers.ts';

/** Results of one contender, as `results.json` has them. */
export interface Measured {
  readonly away: Awaited<ReturnType<typeof away>>;
  readonly slowReaders: Awaited<ReturnType<typeof slowReaders>>;
  readonly redisDies: Awaited<ReturnType<typeof redisDies>>;
}

interface Documented {
  readonly away: string;
  readonly slowReaders: string;
  readonly redisDies: string;
  readonly sources: readonly string[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'));

/** The text of docs/comparison.md with its two tables as they are now: what was measured, and what the documentation of others says. */
export function withTables(page: string): string {
  return Object.entries(tables()).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- end -->)`),
        (_, head, end) => `${head}\n${table}\n\n${end}`,
      ),
    page,
  );
}

function tables(): { measured: string; documented: string } {
  const results = read('results.json') as Record<string, Measured>;
  const others = read('documented.json') as Record<string, Documented>;
  return {
    measured: table(
      ['', 'a client is away for 2 s', 'a reader reads nothing', 'Redis dies for 1 s'],
      Object.entries(results).map(([name, result]) => [
        name,
        lossOf(result.away),
        `${lossOf({ events: 3000, ...result.slowReaders })}; the server grows by ${memoryOf(result.slowReaders)}`,
        `${lossOf(result.redisDies)}${refusedOf(result.redisDies.refused)}`,
      ]),
    ),
    documented: table(
      ['', 'a client is away', 'a reader is slow', 'Redis dies', 'source'],
      Object.entries(others).map(([name, { away, slowReaders, redisDies, sources }]) => [
        name,
        away,
        slowReaders,
        redisDies,
        sources.map((source, n) => `[${n + 1}](${source})`).join(' '),
      ]),
    ),
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function lossOf({ events, lost, told }: { events: number; lost: number; told: readonly string[] }): string {
  if (lost === 0) return 'nothing lost';
  return `**${lost} of ${events} lost**, ${told.length > 0 ? 'and the client is told' : 'and nobody is told'}`;
}

const memoryOf = ({ megabytesPerReader }: Measured['slowReaders']): string =>
  `${megabytesPerReader} MB a reader`;

const refusedOf = (refused: number): string =>
  refused === 0 ? '' : `; of ${refused} others the publisher is told that they are not out`;
