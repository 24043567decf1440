import { expect, test } from 'vitest';
import { viewOf } from './outcome.ts';
import { ALL, MID_TOKEN, writtenAfter } from './stand-in/script.ts';
import type { Page, Told } from './systems/system.ts';

function pageThat(shows: string): Page {
  const page = { shown: () => shows, told: (): Told => 'nothing', isIdle: () => true };
  return { ...page, send() {}, load() {}, async stop() {}, async dispose() {} };
}

test.each([
  ['all', writtenAfter(ALL)],
  ['nothing', ''],
  ['a part', writtenAfter(MID_TOKEN)],
  ['a part', writtenAfter(ALL).split('|').slice(-2).join('|')],
  ['garbled', writtenAfter(MID_TOKEN).repeat(2)],
  ['garbled', `${writtenAfter(ALL)}|${writtenAfter(ALL)}`],
  ['garbled', writtenAfter(ALL).split('|').toReversed().join('|')],
])('a page is seen to show %s', (shows, shown) => {
  expect(viewOf(pageThat(shown)).shows).toBe(shows);
});
