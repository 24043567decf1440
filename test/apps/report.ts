import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../docs/applications.md');
const BEGIN = '<!-- Written by npm run test:apps. -->';

interface Made {
  name: string;
  versions: Record<string, string>;
  seconds: Record<string, number>;
}

/** vitest's globalSetup of `npm run test:apps`: writes versions and times into docs/applications.md. */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-apps-'));
  const file = join(directory, 'report.jsonl');
  writeFileSync(file, '');
  process.env['APPS_REPORT'] = file;
  return () => {
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    rmSync(directory, { recursive: true });
    const made = lines.map((line): Made => JSON.parse(line));
    if (made.length === 0) return;
    const [before = '', written = ''] = readFileSync(PAGE, 'utf8').split(BEGIN);
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${tableOf(made, written)}\n`);
  };
}

/** The rows of this run, and of earlier ones those of applications that were left out of it. */
function tableOf(made: readonly Made[], written: string): string {
  const names = new Set(made.map(({ name }) => name));
  const earlier = written
    .split('\n')
    .filter((line) => line.startsWith('| `') && !names.has(/^\| `([^`]+)`/.exec(line)?.[1] ?? ''));
  const rows = [...earlier, ...made.map(rowOf)].toSorted((a, b) => a.localeCompare(b));
  return ['| application | versions | times |', '|---|---|---|', ...rows].join('\n');
}

function rowOf({ name, versions, seconds }: Made): string {
  const others = Object.entries(versions).filter(
    ([each, version]) => version !== '' && each !== 'psyche-events' && !each.startsWith('@types/'),
  );
  const told = others.map(([each, version]) => `${each} ${version}`).join(', ');
  const times = Object.entries(seconds).map(([step, s]) => `${step} ${s.toFixed(0)} s`);
  return `| \`${name}\` | Node ${process.versions.node}, ${told} | ${times.join(', ')} |`;
}
