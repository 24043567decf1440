#!/usr/bin/env node
/** `npm create psyche-events`: copies a template into a new folder, and says what to do next. */
import { existsSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { create, packageName, quoted } from './create.mjs';
import { TEMPLATES } from './templates.mjs';

/** False until psyche-events is on npm. Publishing it removes this constant, and what asks for it. */
const IS_PUBLISHED = false;

const NAMES = Object.keys(TEMPLATES);
const WIDTH = Math.max(...NAMES.map((name) => name.length));
const LIST = NAMES.map((name) => `  ${name.padEnd(WIDTH)}  ${TEMPLATES[name].about}`).join('\n');

const HELP = `Makes an application with psyche-events.

  npm create psyche-events@latest [folder] -- [--template <name>] [--from <tarball>]

Templates:
${LIST}

Options:
  --template, -t <name>  the template; asked for on a terminal, ${NAMES[0]} otherwise
  --from <tarball>       a tarball of psyche-events to install in place of the one on npm${IS_PUBLISHED ? '' : ', where it is not yet: see README'}
  --help, -h             this text

The folder is psyche-app unless another is named. It must not be there, or be empty.`;

const UNPUBLISHED = `Before npm install: psyche-events is not on npm yet, so it would fail here. Make a tarball in a clone of psyche-events
(npm ci && npm run build && npm pack), and make the application anew with --from <tarball>; or put it into this one's
package.json: "psyche-events": "file:/path/to/psyche-events-0.1.0.tgz".
`;

/** Asks on a terminal. @param {string} question @param {string} otherwise the answer of an empty line */
async function ask(question, otherwise) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} (${otherwise}) `);
  terminal.close();
  return answer.trim() || otherwise;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: {
      template: { type: 'string', short: 't' },
      from: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help) return console.log(HELP);
  if (positionals.length > 1) throw new Error(`One folder, please, not ${positionals.join(', ')}.`);
  const isAsking = process.stdin.isTTY && process.stdout.isTTY;
  const folder = positionals[0] ?? (isAsking ? await ask('Folder?', 'psyche-app') : 'psyche-app');
  if (values.template === undefined && isAsking) console.log(`Templates:\n${LIST}`);
  const template = values.template ?? (isAsking ? await ask('Template?', NAMES[0]) : NAMES[0]);
  if (!Object.hasOwn(TEMPLATES, template))
    throw new Error(`No template is named ${template}. There are ${NAMES.join(', ')}.`);
  const directory = resolve(folder);
  const tarball = values.from === undefined ? undefined : resolve(values.from);
  if (tarball !== undefined && !existsSync(tarball)) throw new Error(`There is no ${tarball}.`);
  await create({ template, directory, name: packageName(basename(directory)), tarball });

  const place = relative(process.cwd(), directory);
  const steps = [place && `cd ${quoted(place)}`, 'npm install', 'npm run dev'];
  console.log(`${TEMPLATES[template].made} is in ${directory}. Next:

${steps
  .filter(Boolean)
  .map((step) => `  ${step}`)
  .join('\n')}
${tarball === undefined && !IS_PUBLISHED ? `\n${UNPUBLISHED}` : ''}
Then open the address that it prints, in two windows: what you say in one is in the other.
catalog.ts has the events; another event is one schema there.`);
}

main().catch((error) => {
  console.error(`${error.message}\nnpm create psyche-events -- --help tells more.`);
  process.exitCode = 1;
});
