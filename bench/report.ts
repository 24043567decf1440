import type { Bar, Section } from './rows/section.ts';

/** A finished run as Markdown: all bars first, then what was measured for each. */
export function report(machine: readonly string[], sections: readonly Section[]): string {
  const bars = sections.flatMap(({ title, bars }) => bars.map((bar) => [title, ...barRow(bar)]));
  return [
    '# Results of `npm run bench`',
    '',
    ...machine.map((line) => `- ${line}`),
    '',
    'Everything on this page comes from one run, competitors in turns. Times are CPU of the server process, pinned to one core, for each event delivered to a subscriber; medians of all rounds, and a ratio is the median of the rounds’ ratios. Every delivery was counted. Only ratios hold from machine to machine.',
    '',
    table([['work', 'bar', 'measured', 'verdict'], ...bars]),
    ...sections.flatMap((section) => ['', sectionText(section)]),
    '',
  ].join('\n');
}

export function sectionText({ title, setting, tables, bars }: Section): string {
  const verdicts = table([['bar', 'measured', 'verdict'], ...bars.map(barRow)]);
  return [`## ${title}`, setting, ...tables.map(table), verdicts].join('\n\n');
}

function barRow({ bar, measured, reached }: Bar): string[] {
  return [bar, measured, reached ? 'reached' : '**missed**'];
}

/** A Markdown table whose columns also line up as plain text. The first row is the head. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
