import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CloseCode, ERRORS, PROTOCOL_VERSION } from '../../shared/index.ts';
import { FRAMES } from './frames.ts';

const PROTOCOL = readFileSync(join(import.meta.dirname, '../../PROTOCOL.md'), 'utf8');
const LINES = PROTOCOL.split('\n');

/** Names of frames in a text: `(frames …)`, or in a row of a table the last cell. */
function namesIn(line: string): string[] {
  const cited = line.startsWith('| ') ? (line.split('|').at(-2) ?? '') : inBrackets(line);
  return [...cited.matchAll(/`([a-z0-9-]+)`/g)].map(([, name = '']) => name);
}

function inBrackets(line: string): string {
  return [...line.matchAll(/\(frames (`[^)]+`)\)/g)].map(([, names]) => names).join(' ');
}

/** The rows of the tables whose last column is `frames`. */
function rows(): string[] {
  let inTable = false;
  return LINES.filter((line) => {
    const isTable = inTable && line.startsWith('| ');
    inTable = line.startsWith('|') && (inTable || line.endsWith('| frames |'));
    return isTable;
  });
}

const cited = new Set([...LINES.filter((line) => !line.startsWith('| ')), ...rows()].flatMap(namesIn));

describe('PROTOCOL', () => {
  test('names only existing frames', () => {
    expect([...cited].filter((name) => !(name in FRAMES))).toEqual([]);
  });

  test('names every frame', () => {
    expect(Object.keys(FRAMES).filter((name) => !cited.has(name))).toEqual([]);
  });

  const rules = LINES.filter((line) => line.startsWith('- **[D'));

  test.each(rules)('names frames for the rule: %s', (rule) => {
    if (!rule.includes('(no frames: nothing of it is on the wire)'))
      expect(namesIn(rule).length).toBeGreaterThan(0);
  });

  test('has rules and rows', () => {
    expect(rules).toHaveLength(13);
    expect(rows().length).toBeGreaterThan(30);
  });

  test.each(rows())('names frames for the row: %s', (row) => {
    expect(namesIn(row).length).toBeGreaterThan(0);
  });

  test('has a row for each code of errors and closes, and no other', () => {
    const first = rows().map((row) => row.split(' | ', 1)[0]?.slice(2));
    const codes = Object.keys(ERRORS).map((code) => `\`${code}\``);
    expect(first.filter((cell) => /^`[A-Z]/.test(cell ?? '')).toSorted()).toEqual(codes.toSorted());
    const closes = [...Object.values(CloseCode), 1008].map(String); // 1008 is the package ws's own too
    expect(first.filter((cell) => /^\d/.test(cell ?? '')).toSorted()).toEqual(closes.toSorted());
  });

  test('has the version of the code, and its history ends with it', () => {
    expect(PROTOCOL).toContain(`has one number, **${PROTOCOL_VERSION}**`);
    const history = PROTOCOL.slice(PROTOCOL.indexOf('### History'), PROTOCOL.indexOf('## Rules'));
    const versions = [...history.matchAll(/^\| (\d+) \|/gm)].map(([, version]) => Number(version));
    expect(versions).toEqual(Array.from({ length: PROTOCOL_VERSION }, (_, index) => index + 1));
  });
});
