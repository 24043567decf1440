/**
 * Finds doc comments that open with "What", "Whether" or the like, part of `npm run check`. A comment says first what a
 * thing is or does, with a noun or a verb; such a word makes readers wait for it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = [
  ...['shared', 'server', 'client', 'simulation', 'dashboard', 'cli', 'verify', 'conformance'],
  ...['bench', 'test', 'examples', 'scripts'],
];
const OPENERS = /\/\*\*(?:\s|\*)*(?:What|Whatever|Whether|How|Who|Whoever|Whose|Which|Where|Of)\b.*/g;

const found = ROOMS.flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules'))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, room, file), 'utf8');
      return [...text.matchAll(OPENERS)].map(({ index, 0: comment }) => {
        const line = text.slice(0, index).split('\n').length;
        return `${room}/${file}:${line}: ${comment.replace(/\s+/g, ' ')}`;
      });
    }),
);
for (const comment of found) console.log(`✗ ${comment}`);
if (found.length > 0) process.exitCode = 1;
else console.log('✓ doc comments open with a noun or a verb');
