/** A stream of numbers that a seed decides: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
}

const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

/** JSON texts that nobody sends in good faith. */
const VALUES = [
  'null',
  'true',
  '0',
  '-0',
  '1e309',
  '-1',
  '1.5',
  '9007199254740993',
  '""',
  '"__proto__"',
  '"constructor"',
  '"\\u0000"',
  '"\\ud800"',
  `"${'x'.repeat(300)}"`,
  `"${'y'.repeat(20_000)}"`,
  '[]',
  '{}',
  '[[[]]]',
  deep('[', ']', 5_000),
  `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`,
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"then":1,"toJSON":2,"subscribe":3}',
  '{"json":{"a":1},"meta":{"values":{"__proto__.polluted":["Date"]}}}',
  '{"json":["x"],"meta":{"values":{"0":["no such type"]}}}',
  '{"json":{},"meta":{"values":{"constructor.prototype.polluted":["undefined"]},"v":1}}',
  '{"json":1,"meta":{"referentialEqualities":{"a":["__proto__.b"]}}}',
] as const;

const KEYS = ['id', 'jsonrpc', 'method', 'params', '__proto__', 'constructor', 'result', 'data'] as const;
const METHODS = [
  'query',
  'mutation',
  'subscription',
  'subscription.stop',
  'connectionParams',
  'reconnect',
] as const;

/** A request as text, by default a good one; every so often a part of it is hostile. */
function request(random: Random, paths: readonly [string, ...string[]], hostility: number): string {
  const or = (good: string) => (random.next() < hostility ? random.pick(VALUES) : good);
  const params = `{"path":${or(JSON.stringify(random.pick(paths)))},"input":${or('{"json":3}')}${
    random.next() < 0.1 ? `,"lastEventId":${or('"7"')}` : ''
  }}`;
  const extra = random.next() < hostility ? `,"${random.pick(KEYS)}":${random.pick(VALUES)}` : '';
  const jsonrpc = random.next() < 0.2 ? `,"jsonrpc":${or('"2.0"')}` : '';
  const id = or(random.pick([`${random.below(20)}`, `"s${random.below(20)}"`]));
  return `{"id":${id}${jsonrpc},"method":${or(`"${random.pick(METHODS)}"`)},"params":${or(params)}${extra}}`;
}

/** A message: a request, a batch, a heartbeat, or any of these with its text damaged. */
export function hostileText(random: Random, paths: readonly [string, ...string[]], hostility = 0.15): string {
  let text = request(random, paths, hostility);
  const kind = random.next();
  if (kind < 0.15) {
    const calls = Array.from({ length: random.below(8) }, () => request(random, paths, hostility));
    text = `[${calls.join(',')}]`;
  } else if (kind < 0.2) text = random.pick(['PING', 'PONG', 'PING ', '"PING"', '']);
  else if (kind < 0.25) text = random.pick(VALUES);
  if (random.next() < hostility) text = damaged(random, Buffer.from(text)).toString();
  return text;
}

/** Bytes with some of them flipped, cut out or doubled. */
export function damaged(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0 && result.length > 0; times--) {
    const at = random.below(result.length);
    const kind = random.below(3);
    if (kind === 0) result[at] = random.below(256);
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1)]);
    else result = Buffer.concat([result.subarray(0, at), result.subarray(at >> 1)]);
  }
  return result;
}
