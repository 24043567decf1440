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

/** Close codes a client can be given for what it sends: RFC 6455's protocol error, bad text, policy, and size. */
export const DOCUMENTED_CLOSES = [1002, 1007, 1008, 1009];

/** A WebSocket's upgrade, of a path. */
export const UPGRADE = (path = '/') =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    '\r\n',
  ].join('\r\n');

/** A client's frame around a payload, with a header that is right most of the time. */
export function wireFrame(random: Random, payload: Buffer): Buffer {
  const fin = random.next() < 0.9 ? 0x80 : 0;
  const rsv1 = random.next() < 0.05 ? 0x40 : 0;
  const opcode = random.next() < 0.7 ? 1 : random.pick([0, 2, 3, 8, 9, 10]);
  const masked = random.next() < 0.95 ? 0x80 : 0;
  const short = payload.length < 126;
  const header = Buffer.from([fin | rsv1 | opcode, masked | (short ? payload.length : 126)]);
  const length = Buffer.alloc(short ? 0 : 2);
  if (!short) length.writeUInt16BE(payload.length & 0xffff);
  return Buffer.concat([header, length, Buffer.alloc(masked ? 4 : 0), payload]); // a mask of zeros changes nothing
}

/** The code of the close frame at the end of what a server sent, if there is one. */
export function closeCode(received: Buffer): number | undefined {
  const at = received.lastIndexOf(Buffer.from([0x88, 0x02]));
  return at >= 0 && received.length === at + 4 ? received.readUInt16BE(at + 2) : undefined;
}
