import { WebSocket } from 'ws';
import type { Exchange, Request, Step } from './frames.ts';
import { Incoming } from './incoming.ts';
import { STAGES, type Stage } from './stages.ts';
import { type Bound, fill, matches } from './template.ts';

/** A frame's expectation beside the server's words. */
export interface Answer {
  readonly expected: unknown;
  readonly actual: string;
  /** An expected value as it is on the wire. */
  readonly asWire: (value: unknown) => string;
  /** Values of placeholders in what was said before. */
  readonly bound: Bound;
}

/** Compares byte by byte, but for the placeholders. @throws when they differ */
export function compare({ expected, actual, asWire, bound }: Answer): void {
  const template = asWire(expected);
  if (!matches(template, actual, bound))
    throw new Error(`the frame says\n${template}\nand the server\n${actual}`);
}

/** A message as it is on the wire: text as it is, anything else as JSON. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A server-sent event as its block of lines. */
function asBlock(event: unknown): string {
  return Object.entries(event ?? {})
    .map(([field, value]) => `${field}: ${field === 'data' ? JSON.stringify(value) : value}`)
    .join('\n');
}

/**
 * Says what the client says in an exchange, to a real server over raw sockets, and compares each answer.
 * @throws at the first answer that is another, and when the server said more than the exchange has
 */
export async function replay({ stage, steps }: Exchange, onAnswer = compare): Promise<void> {
  await using server: Stage = await STAGES[stage]();
  using client = new RawClient(server);
  for (const [index, step] of steps.entries()) {
    try {
      await client.take(step, onAnswer);
    } catch (error) {
      const words = error instanceof Error ? error.message : error;
      throw new Error(`Step ${index + 1}, ${JSON.stringify(step).slice(0, 200)}: ${words}`, { cause: error });
    }
  }
  const left = client.left;
  if (left.length > 0) throw new Error(`The server said more: ${left.join('\n')}`);
}

type Check = (expected: unknown, actual: string, asWire?: Answer['asWire']) => void;

/** A client that has no manners of its own. */
class RawClient implements Disposable {
  readonly #server: Stage;
  readonly #bound: Bound = new Map();
  readonly #gone = new AbortController();
  readonly #sockets: WebSocket[] = [];
  #ws: WebSocket | undefined;
  #messages = new Incoming();
  #events = new Incoming();

  constructor(server: Stage) {
    this.#server = server;
  }

  get left(): string[] {
    return [...this.#messages.left, ...this.#events.left];
  }

  async take(step: Step, onAnswer: (answer: Answer) => void): Promise<void> {
    const check: Check = (expected, actual, asWire = asText) =>
      onAnswer({ expected, actual, asWire, bound: this.#bound });
    if ('open' in step) await this.#open(step, check);
    else if ('send' in step) this.#ws?.send(fill(asText(step.send), this.#bound));
    else if ('fragments' in step) this.#sendFragments(step.fragments);
    else if ('receive' in step) check(step.receive, await this.#messages.next());
    else if ('closed' in step) check(`${step.closed} ${step.reason}`, await this.#messages.ended());
    else if ('request' in step) await this.#request(step, check);
    else if ('stream' in step) await this.#stream(step.stream);
    else if ('event' in step) await this.#event(step, check);
    else await this.#server.acts[step.server]?.(step);
  }

  async #open(
    { open, beside, status, headers = {} }: Extract<Step, { open: string }>,
    check: Check,
  ): Promise<void> {
    if (!beside) this.#ws?.terminate();
    const messages = new Incoming();
    const ws = new WebSocket(`${this.#server.url.replace('http', 'ws')}${open}`);
    this.#sockets.push(ws);
    this.#ws = ws;
    this.#messages = messages;
    ws.on('message', (text) => messages.add(String(text)));
    ws.on('close', (code, reason) => messages.end(`${code} ${reason}`));
    ws.on('error', () => {}); // a refusal is told by 'unexpected-response'
    const answer = await new Promise<{ statusCode?: number | undefined; headers: object }>(
      (resolve, reject) => {
        ws.once('upgrade', resolve);
        ws.once('unexpected-response', (_request, response) => resolve(response.resume()));
        ws.once('error', reject);
      },
    );
    if (answer.statusCode === 101) await new Promise((resolve) => setImmediate(resolve)); // until it is open
    check(String(status), String(answer.statusCode));
    for (const [name, value] of Object.entries(headers))
      check(`${name}: ${value}`, `${name}: ${Reflect.get(answer.headers, name)}`);
  }

  #sendFragments(count: number): void {
    for (let part = 1; part <= count; part++) this.#ws?.send('x', { fin: part === count });
  }

  async #request(
    { request, status, headers = {}, body }: Extract<Step, { request: Request }>,
    check: Check,
  ): Promise<void> {
    const answer = await this.#fetch(request);
    check(String(status), String(answer.status));
    for (const [name, value] of Object.entries(headers))
      check(`${name}: ${value}`, `${name}: ${answer.headers.get(name)}`);
    check(body, await answer.text());
  }

  async #stream(request: Request): Promise<void> {
    const { body } = await this.#fetch(request);
    if (body === null) throw new Error('The answer has no body');
    const events = new Incoming();
    this.#events = events;
    readBlocks(body, events).catch((error) => events.end(String(error)));
  }

  async #event({ event, skip }: Extract<Step, { event: object }>, check: Check): Promise<void> {
    let block = await this.#events.next();
    const kind = `event: ${event['event']}`;
    while (skip && !block.startsWith(kind)) block = await this.#events.next();
    check(event, block, asBlock);
  }

  #fetch({ method, path, input, headers = {}, body }: Request): Promise<Response> {
    const query =
      input === undefined ? '' : `?input=${encodeURIComponent(fill(JSON.stringify(input), this.#bound))}`;
    return fetch(`${this.#server.url}${path}${query}`, {
      ...{ method, signal: this.#gone.signal },
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, fill(value, this.#bound)]),
        ),
      },
      ...(body !== undefined && { body: fill(asText(body), this.#bound) }),
    });
  }

  [Symbol.dispose](): void {
    for (const ws of this.#sockets) ws.terminate();
    this.#gone.abort();
  }
}

/** Server-sent events as their blocks of lines. */
async function readBlocks(body: ReadableStream<Uint8Array>, events: Incoming): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of body) {
    const blocks = (text + decoder.decode(piece, { stream: true })).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) if (block.trim() !== '') events.add(block.replace(/^\n+/, ''));
  }
  events.end('the stream ended');
}
