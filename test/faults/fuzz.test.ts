import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isLong, size, tell } from './chaos.ts';
import { startFuzzChild, watch } from './fuzz-child.ts';
import { type FuzzSizes, fuzzInputs } from './fuzz-inputs.ts';
import { type Answer, type FuzzClient, overHttp, overWebSocket } from './fuzz-transports.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? size(500, 100_000));
const CONNECTIONS = 8;
const WARM = 200;
const MIB = 1024 * 1024;
/** While clients do their worst, the server answers others within so many ms of its own CPU time. */
const HEALTH_MS = 250;
/**
 * Budget of the connections, and the garbage of a process that works. A body of 1 MiB becomes some ten times as much
 * while it is decoded, and the long form has many of them.
 */
const GROWTH_BYTES = CONNECTIONS * 4 * MIB + size(64, 128) * MIB;
/** Bytes that may be held once the garbage is gone. */
const HELD_BYTES = CONNECTIONS * 4 * MIB;

const SIZES: FuzzSizes = isLong
  ? { sharedDepth: 60, typedArray: 2_000_000_000, set: 20_000, depth: 5_000, width: 8_000 }
  : { sharedDepth: 40, typedArray: 200_000_000, set: 8_000, depth: 3_000, width: 4_000 };
/** Nothing that could hold up a server. */
const WARM_SIZES: FuzzSizes = { sharedDepth: 2, typedArray: 10, set: 10, depth: 10, width: 10 };
/** Inputs of one size that the control sends: some of them nearly always hold shared objects. */
const CONTROL_PART = 48;
/**
 * Sizes of the control's parts. Each part costs the stock decoder twice what the last one did, so that it is beyond any
 * bound after a few, or out of memory. The first shows the fault on a quiet machine.
 */
const controlSizes = (part: number): FuzzSizes => ({
  sharedDepth: 17 + part,
  typedArray: 10_000_000,
  set: Math.round(3_000 * Math.SQRT2 ** Math.min(part, 7)),
  depth: 1_000,
  width: 2_000,
});

interface Fuzzed {
  /** In ms of the server's CPU time. */
  worstHealthMs: number;
  grownBytes: number;
  /** Bytes held at the end, without garbage, beyond those held at the start. */
  heldBytes: number;
  /** Kind and answer → how often, of answers that no client should get. */
  wrong: Record<string, number>;
}

/** No answer, one without a type, or the server's own fault. */
const isWrong = (answer: Answer) =>
  /^(none|cut|UNTYPED|INTERNAL_SERVER_ERROR|ended|close 1(006|011))/.test(answer);

interface FuzzOptions {
  kind: 'ours' | 'stock';
  count: number;
  /** Inputs that are sent before the next ones are made. */
  part: number;
  /** Sizes of the n-th part. */
  sizes: (part: number) => FuzzSizes;
  /** Ends as soon as a bound is missed, also in the middle of what is sent. Default false. */
  untilBeyond?: boolean;
}

async function fuzz({ kind, count, part, sizes, untilBeyond = false }: FuzzOptions): Promise<Fuzzed> {
  await using server = await startFuzzChild(kind);
  const clients = Array.from({ length: CONNECTIONS }, (_, n) =>
    n % 2 === 0 ? overWebSocket(server.url) : overHttp(server.url),
  );
  const wrong: Record<string, number> = {};
  let isOver = false;
  const sendAll = async (seed: number, inputs: number, bounds: FuzzSizes) => {
    const left = fuzzInputs(seed, inputs, bounds);
    const work = async ({ name, send }: FuzzClient) => {
      for (let input = left.pop(); input && !isOver; input = left.pop()) {
        const answer = await send(input);
        const what = `${input.kind}, ${input.path} over ${name}: ${answer}`;
        if (isWrong(answer)) wrong[what] = (wrong[what] ?? 0) + 1;
      }
    };
    await Promise.all(clients.map(work));
  };
  await sendAll(-SEED, WARM, WARM_SIZES); // what a process needs once is no growth
  const { residentBytes: before, heldBytes: heldBefore } = await server.state();
  let heldBytes = 0;
  const outside = watch(server);
  const figures = (): Fuzzed => ({
    worstHealthMs: outside.worstMs,
    grownBytes: outside.peakBytes - before,
    heldBytes,
    wrong,
  });
  let done = 0;
  for (let n = 0; done < count && !isOver; n++) {
    const sent = sendAll(SEED * 1_000_000 + done, Math.min(part, count - done), sizes(n));
    if (untilBeyond) isOver = await isBeyondBefore(sent, figures);
    else await sent;
    done += part;
  }
  const stopped = outside.stop();
  let worstDelayMs = 0;
  // A server that is held up is not waited for.
  if (!isOver) {
    await stopped;
    const last = await server.state();
    worstDelayMs = last.worstDelayMs;
    heldBytes = last.heldBytes - heldBefore;
  }
  for (const client of clients) await client[Symbol.asyncDispose]();
  const fuzzed = figures();
  console.log(
    `${Math.min(done, count)} inputs to ${kind}, seed ${SEED}: /healthz within ${fuzzed.worstHealthMs.toFixed(0)} ms of CPU time, ` +
      `event loop held up for ${worstDelayMs.toFixed(0)} ms at most, memory grown by ${(fuzzed.grownBytes / MIB).toFixed(0)} MiB at most and by ${(fuzzed.heldBytes / MIB).toFixed(0)} without garbage, ` +
      `wrong answers: ${JSON.stringify(wrong, null, 1)}`,
  );
  return fuzzed;
}

/** Resolves with true as soon as the bounds are missed, with false when `sent` is over before. */
async function isBeyondBefore(sent: Promise<void>, figures: () => Fuzzed): Promise<boolean> {
  const over = sent.then(() => true);
  while (!isBeyond(figures())) {
    if (await Promise.race([over, sleep(20, false)])) return isBeyond(figures());
  }
  return true;
}

function isBeyond({ worstHealthMs, grownBytes, heldBytes }: Fuzzed): boolean {
  return worstHealthMs > HEALTH_MS || grownBytes > GROWTH_BYTES || heldBytes > HELD_BYTES;
}

test(`${INPUTS} hostile inputs are each answered without delaying others, in bounded memory`, {
  timeout: 120_000 + INPUTS * 20,
}, async () => {
  const fuzzed = await fuzz({ kind: 'ours', count: INPUTS, part: 500, sizes: () => SIZES });
  tell('hostile inputs', { ...fuzzed, wrong: Object.keys(fuzzed.wrong).length });
  expect(fuzzed.wrong).toEqual({});
  expect({ isBeyond: isBeyond(fuzzed), fuzzed }).toMatchObject({ isBeyond: false });
});

test('control: superjson’s own decoder lets even smaller inputs of this kind delay everybody', {
  timeout: 300_000,
}, async () => {
  const control = { kind: 'stock', count: 16 * CONTROL_PART, part: CONTROL_PART, untilBeyond: true } as const;
  // It may also run out of memory, and end.
  const isMissed = await fuzz({ ...control, sizes: controlSizes }).then(isBeyond, (error) =>
    /the server ended/.test(String(error)),
  );
  expect(isMissed).toBe(true);
});
