import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isLong, size, tell } from './chaos.ts';
import { type FuzzSizes, fuzzInputs } from './fuzz-inputs.ts';
import type { FuzzServerState } from './fuzz-server.ts';
import { type Answer, overHttp, overWebSocket } from './fuzz-transports.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? size(3_000, 100_000));
const PART = 500;
const CONNECTIONS = 8;
const MIB = 1024 * 1024;
/** While clients do their worst, the server answers others within this, and what the machine is late by besides. */
const HEALTH_MS = 250;
/** What a connection may cost, and what a process that works has grown by. */
const GROWTH_BYTES = CONNECTIONS * 4 * MIB + 64 * MIB;

const SIZES: FuzzSizes = isLong
  ? { sharedDepth: 60, typedArray: 2_000_000_000, set: 20_000, depth: 5_000, width: 8_000 }
  : { sharedDepth: 40, typedArray: 200_000_000, set: 8_000, depth: 3_000, width: 4_000 };
/** Large enough to show the fault, small enough to end. */
const CONTROL_SIZES: FuzzSizes = {
  sharedDepth: 20,
  typedArray: 50_000_000,
  set: 4_000,
  depth: 1_000,
  width: 2_000,
};

interface Child extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  state(): Promise<FuzzServerState>;
}

async function start(kind: 'ours' | 'stock' | 'idle'): Promise<Child> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'fuzz-server.ts'), [kind], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', kind === 'stock' ? 'ignore' : 'inherit', 'ipc'],
  });
  const told = async (): Promise<FuzzServerState> => (await once(child, 'message'))[0];
  const { port } = await told();
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    state() {
      child.send('state');
      return told();
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await exited;
    },
  };
}

const residentBytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** Asks a server for its health again and again; the longest that an answer took, and the most memory, when stopped. */
function watch({ url, pid }: Child): () => Promise<{ worstMs: number; peakBytes: number }> {
  let stopped = false;
  const worst = { worstMs: 0, peakBytes: 0 };
  const asking = (async () => {
    while (!stopped) {
      const from = performance.now();
      await fetch(`${url}/healthz`).then(
        (answer) => answer.text(),
        () => {},
      );
      worst.worstMs = Math.max(worst.worstMs, performance.now() - from);
      worst.peakBytes = Math.max(worst.peakBytes, residentBytes(pid));
      await sleep(10);
    }
  })();
  return async () => {
    stopped = true;
    await asking;
    return worst;
  };
}

interface Fuzzed {
  worstHealthMs: number;
  idleHealthMs: number;
  worstDelayMs: number;
  grownBytes: number;
  /** Kind and answer → how often, of answers that no client should get. */
  wrong: Record<string, number>;
}

/** No answer, one without a type, or the server's own fault. */
const isWrong = (answer: Answer) =>
  /^(none|cut|UNTYPED|INTERNAL_SERVER_ERROR|ended|close 1(006|011))/.test(answer);

async function fuzz(kind: 'ours' | 'stock', count: number, sizes: FuzzSizes): Promise<Fuzzed> {
  await using server = await start(kind);
  await using idle = await start('idle');
  const clients = Array.from({ length: CONNECTIONS }, (_, n) =>
    n % 2 === 0 ? overWebSocket(server.url) : overHttp(server.url),
  );
  const wrong: Record<string, number> = {};
  const send = async (seed: number, inputs: number) => {
    const left = fuzzInputs(seed, inputs, sizes);
    const work = async (client: (typeof clients)[number], name: string) => {
      for (let input = left.pop(); input; input = left.pop()) {
        const answer = await client(input);
        const what = `${input.kind}, ${input.path} over ${name}: ${answer}`;
        if (isWrong(answer)) wrong[what] = (wrong[what] ?? 0) + 1;
      }
    };
    await Promise.all(clients.map((client, n) => work(client, n % 2 === 0 ? 'WebSocket' : 'HTTP')));
  };
  await send(-SEED, Math.min(PART, count / 4)); // what a process needs once is no growth
  const { residentBytes: before } = await server.state();
  for (const key of Object.keys(wrong)) delete wrong[key];
  const [stop, stopIdle] = [watch(server), watch(idle)];
  for (let done = 0; done < count; done += PART)
    await send(SEED * 1_000_000 + done, Math.min(PART, count - done));
  const [{ worstMs, peakBytes }, { worstMs: idleHealthMs }] = [await stop(), await stopIdle()];
  const { worstDelayMs } = await server.state();
  for (const client of clients) if (Symbol.asyncDispose in client) await client[Symbol.asyncDispose]();
  const figures = { worstHealthMs: worstMs, idleHealthMs, worstDelayMs, grownBytes: peakBytes - before };
  console.log(
    `${count} inputs to ${kind}, seed ${SEED}: /healthz within ${worstMs.toFixed(0)} ms (an idle process: ${idleHealthMs.toFixed(0)}), ` +
      `event loop held up for ${worstDelayMs.toFixed(0)} ms at most, memory grown by ${(figures.grownBytes / MIB).toFixed(0)} MiB at most, ` +
      `wrong answers: ${JSON.stringify(wrong, null, 1)}`,
  );
  return { ...figures, wrong };
}

/** The bounds, with what the machine adds: twice what a process that does nothing is late by. */
const within = ({ worstHealthMs, idleHealthMs, grownBytes }: Fuzzed) => ({
  health: worstHealthMs <= HEALTH_MS + 2 * idleHealthMs,
  memory: grownBytes <= GROWTH_BYTES,
});

test(`${INPUTS} hostile inputs: each is answered, others do not wait, and memory is bounded`, {
  timeout: 120_000 + INPUTS * 20,
}, async () => {
  const fuzzed = await fuzz('ours', INPUTS, SIZES);
  tell('hostile inputs', { ...fuzzed, wrong: Object.keys(fuzzed.wrong).length });
  expect(fuzzed.wrong).toEqual({});
  expect({ ...within(fuzzed), fuzzed }).toMatchObject({ health: true, memory: true });
});

test('control: with superjson’s own decoder the same inputs hold up everybody', {
  timeout: 300_000,
}, async () => {
  const fuzzed = await fuzz('stock', 300, CONTROL_SIZES);
  const { health, memory } = within(fuzzed);
  expect(health && memory).toBe(false);
});
