import { CELLS } from './cells.ts';
import { HAPPENINGS, type Row } from './happenings.ts';
import type { Cell, ExpectedView } from './outcome.ts';
import { COLUMNS } from './systems/systems.ts';

const RUN = {
  'goes on': 'The run goes on',
  'is aborted': 'The run is aborted',
  'is stopped': 'The run is stopped',
  'is lost': 'The run is lost',
} as const;

const TOLD = {
  nothing: 'tells of nothing',
  'an error': 'tells of an error',
  'an error or nothing': 'tells of an error, or of nothing and waits',
  'the run is lost': 'tells that the run is lost',
  'the run was stopped': 'tells that it was stopped',
  'a gap': 'tells of a gap',
} as const;

const SHOWS = {
  all: 'all of it',
  'a part': 'a part of it',
  nothing: 'nothing of it',
  garbled: 'it garbled',
} as const;

/** A cell's outcome in words. @param page its name for the page that it is about */
export function inWords(page: string, outcome: Cell): string {
  const parts = [RUN[outcome.run], viewInWords(page, outcome.page)];
  if (outcome.reload) parts.push(viewInWords('a reload', outcome.reload));
  return `${parts.join('; ')}.`;
}

function viewInWords(page: string, { shows, told }: ExpectedView): string {
  const shown = `${page} shows ${SHOWS[shows]}`;
  return shows === 'all' && told === 'nothing' ? shown : `${shown}, and ${TOLD[told]}`;
}

/** The table of docs/agents.md, as Markdown. */
export function tableInWords(): string {
  const head = `| happening | ${COLUMNS.join(' | ')} |`;
  const rows = (Object.keys(CELLS) as Row[]).map((row) => {
    const cells = COLUMNS.map((column) => inWords(HAPPENINGS[row].page, CELLS[row][column]));
    return `| **${row}** | ${cells.join(' | ')} |`;
  });
  return [head, `|${'---|'.repeat(COLUMNS.length + 1)}`, ...rows].join('\n');
}
