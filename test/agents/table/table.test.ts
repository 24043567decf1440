import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { CELLS } from './cells.ts';
import { HAPPENINGS, type Row } from './happenings.ts';
import { asIn } from './outcome.ts';
import { COLUMNS } from './systems/systems.ts';
import { startWorld } from './world.ts';

// AG-UI's client and the AI SDK's streams write failures there, which are expected here.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterAll(() => void vi.restoreAllMocks());

const rows = Object.keys(HAPPENINGS) as Row[];

describe.each(rows)('%s', (row) => {
  test.concurrent.each(COLUMNS)('%s', async (column) => {
    await using world = await startWorld(column, {
      redisUrl: inject('redisUrl'),
      isApart: row === 'server killed',
    });
    const cell = CELLS[row][column];
    expect(asIn(cell, await HAPPENINGS[row].happen(world, cell))).toEqual(cell);
  });
});
