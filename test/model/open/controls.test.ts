import { afterEach, expect, test, vi } from 'vitest';
import { OpenTelling } from '../../../server/event-manager/feeds/open-telling.ts';
import { OpenOrder } from '../../../server/event-manager/hubs/open/open-order.ts';
import { timeout } from '../check-model.ts';
import { memoryBackend } from '../logs/memory-backend.ts';
import { breakSets, SET_FAULTS } from './broken-sets.ts';
import { ALL, checkOpenModel } from './check-open-model.ts';

/** Runs at most. */
const RUNS = 1000;

afterEach(() => {
  vi.restoreAllMocks();
});

const controlled = (wrap?: Parameters<typeof memoryBackend>[0]) => () => memoryBackend(wrap, ALL);

test.each(SET_FAULTS)('control: a broker that %s is found out', { timeout }, async (fault) => {
  const open = controlled((broker) => breakSets(broker, fault));
  const result = await checkOpenModel(open, RUNS, { endOnFailure: true });
  expect(String(result.errorInstance)).toMatch(/\[O\d]/);
});

/** A hub takes each change for one that follows on the set that it knows. */
function believeAll(): void {
  const revs = new WeakMap<OpenOrder, number>();
  const { set, change } = OpenOrder.prototype;
  vi.spyOn(OpenOrder.prototype, 'set').mockImplementation(function (this: OpenOrder, told) {
    revs.set(this, told.rev);
    set.call(this, told);
  });
  vi.spyOn(OpenOrder.prototype, 'change').mockImplementation(function (this: OpenOrder, told) {
    const rev = (revs.get(this) ?? 0) + 1;
    revs.set(this, rev);
    change.call(this, { ...told, rev });
  });
}

/** @param isFor tells if a subscriber is told nothing of what is open, by how often it was told before */
function tellNothing(isFor: (times: number) => boolean): void {
  const { missing } = OpenTelling.prototype;
  const times = new WeakMap<OpenTelling, number>();
  vi.spyOn(OpenTelling.prototype, 'missing').mockImplementation(function* (this: OpenTelling, ...place) {
    const before = times.get(this) ?? 0;
    times.set(this, before + 1);
    if (!isFor(before)) yield* missing.apply(this, place);
  });
}

test.each<[what: string, take: () => void]>([
  ['does not read the set again after changes that it missed', believeAll],
  ['does not tell late joiners what is open', () => tellNothing((times) => times === 0)],
  ['does not tell slow readers what has changed', () => tellNothing((times) => times > 0)],
])('control: a hub that %s is found out', { timeout }, async (_, take) => {
  take();
  const result = await checkOpenModel(controlled(), RUNS, { endOnFailure: true });
  expect(String(result.errorInstance)).toMatch(/\[O\d]/);
});

test('control: a failure is replayed by its seed and path, in one run', { timeout }, async () => {
  const open = controlled((broker) => breakSets(broker, 'appends at the end, whatever the offset'));
  const { seed, counterexample, counterexamplePath } = await checkOpenModel(open, RUNS, {
    endOnFailure: true,
  });
  const replayed = await checkOpenModel(open, RUNS, {
    endOnFailure: true,
    seed,
    path: counterexamplePath ?? '',
  });
  expect(replayed).toMatchObject({ failed: true, numRuns: 1, counterexample });
});
