/**
 * Finds doc comments, and titles of tests, that open with "What", "Whether" or the like; part of `npm run check`. A
 * comment or a title says first what a thing is or does, with a noun or a verb; such a word makes readers wait for it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = [
  ...['shared', 'server', 'client', 'simulation', 'dashboard', 'cli', 'verify', 'conformance', 'agents'],
  ...['bench', 'create', 'docs', 'test', 'examples', 'scripts'],
];
const WORDS = 'What|Whatever|Whether|How|Who|Whoever|Whom|Whose|Which|Where|Of|Those';
const COMMENTS = new RegExp(String.raw`/\*\*(?:\s|\*)*(?:${WORDS})\b.*`, 'g');
/** A title follows `test(`, or the table of `test.each(…)(`; a rule such as [D1] or "control: " may come before it. */
const TITLES = new RegExp(
  String.raw`(?:\b(?:test|it|describe)(?:\.\w+)*|\))\(\s*['"\`](?:\[[A-Z]\d+\][– ]?|control: )*(?:${WORDS}|The same|So many|Like|Such)\b.*`,
  'gi',
);

const found = ROOMS.flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules'))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, room, file), 'utf8');
      const titles = room === 'test' ? text.matchAll(TITLES) : [];
      return [...text.matchAll(COMMENTS), ...titles].map(({ index, 0: opening }) => {
        const line = text.slice(0, index).split('\n').length;
        return `${room}/${file}:${line}: ${opening.replace(/\s+/g, ' ')}`;
      });
    }),
);
for (const opening of found) console.log(`✗ ${opening}`);
if (found.length > 0) process.exitCode = 1;
else console.log('✓ doc comments and titles of tests open with a noun or a verb');
