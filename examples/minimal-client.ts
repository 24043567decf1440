/**
 * A client of the wire with nothing but a WebSocket and JSON, as one would write it in another language. docs/clients.md
 * goes through it, and the harness tests it: psyche-events conformance --cmd 'npx tsx examples/minimal-client.ts'
 */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

interface Command {
  id: number;
  do: 'connect' | 'subscribe' | 'unsubscribe' | 'publish' | 'answer' | 'close';
  url: string;
  tokens?: string[];
  version?: string;
  subscription: string;
  type: string;
  topic: string;
  input: object;
  data: object;
  open: string;
  answer: object;
}

/** An event, or one of the stream's own items. */
interface Item {
  event_type: string;
  topic?: string;
  data: Record<string, unknown>;
  open?: { id: string; state: string; field?: string };
}

/** A call that is not answered, or a subscription that goes on: sent again with each new connection. */
interface Call {
  id: number;
  method: 'subscription' | 'mutation';
  path: string;
  /** Called each time that it is sent. */
  sent?(): void;
  input: Record<string, unknown>;
  answer(result: { id?: string; data: { json: never } }): void;
  fail(error: { reason: string | null; message: string; issues: object[] }): void;
}

/** Open events of a subscription: a text that grows travels piece by piece, and is told as a whole. */
class OpenEvents {
  readonly #held = new Map<string, Item>();
  #untold = new Set<string>();

  /** All that is open will be told again, before stream_synced. */
  restart(): void {
    this.#untold = new Set(this.#held.keys());
  }

  /** The items to tell for one that came. */
  take(item: Item): Item[] {
    const { event_type, topic, open, data } = item;
    if (event_type === 'stream_update') return this.#change(String(data['id']), data);
    if (event_type === 'stream_synced') return [...this.#settle([...this.#untold], 'lost'), item];
    if (event_type === 'stream_gap') return [item, ...this.#gap(topic, data)];
    if (open?.state === 'open') this.#held.set(open.id, item);
    else if (open) this.#held.delete(open.id);
    if (open) this.#untold.delete(open.id);
    return [item];
  }

  /** Events that a gap settles: those of a log that was lost. Of those that were erased nothing is told. */
  #gap(topic: string | undefined, { reason, open }: Item['data']): Item[] {
    if (Array.isArray(open)) for (const id of open) this.#held.delete(id);
    if (reason !== 'epoch_changed') return [];
    const gone = [...this.#held].filter(([, held]) => held.topic === topic);
    return this.#settle(
      gone.map(([id]) => id),
      'lost',
    );
  }

  #change(id: string, { at, text, data, state }: Item['data']): Item[] {
    const before = this.#held.get(id);
    if (before === undefined) return []; // one that was not asked for, or is settled
    if (typeof state === 'string') return this.#settle([id], state); // a member has left
    const field = before.open?.field ?? '';
    const grown = String(before.data[field]);
    if (typeof text === 'string' && grown.length !== at) return []; // it is in the text already
    const now = typeof text === 'string' ? { ...before.data, [field]: grown + text } : (data as Item['data']);
    this.#held.set(id, { ...before, data: now });
    return [{ ...before, data: now }];
  }

  #settle(ids: string[], state: string): Item[] {
    return ids.flatMap((id) => {
      const held = this.#held.get(id);
      this.#held.delete(id);
      this.#untold.delete(id);
      return held?.open ? [{ ...held, open: { ...held.open, state } }] : [];
    });
  }
}

const PING_MS = 5_000;
const calls = new Map<number, Call>();
const ended = new Map<string, () => void>();
let nextId = 1;
let url = '';
let params: (() => object) | undefined;
let socket: WebSocket | undefined;
let failures = 0;
/** Rises when the client is closed: what sockets and timers of before do then is of no interest. */
let life = 0;

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function send({ id, method, path, input, sent }: Call): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  sent?.();
  socket.send(JSON.stringify({ id, method, params: { path, input: { json: input } } }));
}

function connect(of = life): void {
  if (of !== life) return;
  const ws = new WebSocket(params ? `${url}?connectionParams=1` : url);
  let heard = true;
  const pinging = setInterval(() => {
    if (!heard) return ws.terminate(); // nothing came since the last PING: it is dead
    heard = false;
    if (ws.readyState === WebSocket.OPEN) ws.send('PING');
  }, PING_MS);
  ws.on('open', () => {
    if (of !== life) return ws.terminate();
    const before = socket;
    socket = ws;
    if (params) ws.send(JSON.stringify({ method: 'connectionParams', data: params() })); // before all else
    for (const call of calls.values()) send(call);
    before?.close(); // after a move: what it still says is no longer listened to
  });
  ws.on('message', (text) => {
    heard = true;
    if (String(text) === 'PING') ws.send('PONG');
    else if (String(text) !== 'PONG' && socket === ws) receive(String(text));
  });
  ws.on('error', () => {}); // 'close' follows
  ws.on('close', (code) => {
    clearInterval(pinging);
    if (of !== life || (socket !== undefined && socket !== ws)) return;
    socket = undefined;
    if (code >= 4500 && code <= 4999) return giveUp(code);
    setTimeout(connect, Math.random() * Math.min(20_000, 1_000 * 2 ** failures++), of); // full jitter
  });
}

function giveUp(code: number): void {
  for (const { fail } of calls.values())
    fail({ reason: 'CLOSED', message: `closed with ${code}`, issues: [] });
  calls.clear();
  say({ closed: { code } });
}

function receive(text: string): void {
  failures = 0;
  const { id, method, result, error } = JSON.parse(text);
  if (method === 'reconnect') connect();
  const call = calls.get(id);
  if (call === undefined) return; // answered, ended, or an error of the whole connection
  if (error) {
    const { reason, issues = [], code } = error.json.data;
    if (reason === 'TOKEN_EXPIRED') return; // the connection is closed next, and the call sent again
    calls.delete(id);
    call.fail({ reason: reason ?? code, message: error.json.message, issues });
  } else if (result.type === 'data') {
    if (call.method === 'mutation') calls.delete(id);
    if (result.id !== undefined) call.input['lastEventId'] = result.id; // where to resume
    call.answer(result);
  } // `started` says nothing new; `stopped` follows an error or the client's own stop
}

function call(
  method: Call['method'],
  path: string,
  input: object,
  on: Pick<Call, 'answer' | 'fail' | 'sent'>,
): number {
  const id = nextId++;
  const made: Call = { id, method, path, input: { ...input }, ...on };
  calls.set(id, made);
  send(made);
  return id;
}

function run({ id, subscription, tokens, version, ...command }: Command): void {
  const answered = (result: unknown = null): void => say({ id, result });
  if (command.do === 'connect') {
    url = command.url;
    const token = () => (tokens && tokens.length > 1 ? tokens.shift() : tokens?.[0]);
    params = tokens || version ? () => ({ token: token(), 'psyche-protocol': version }) : undefined;
    connect();
  } else if (command.do === 'subscribe') {
    const whole = new OpenEvents();
    const of = call('subscription', `on.${command.type}`, command.input, {
      sent: () => whole.restart(),
      answer: ({ data }: { data: { json: { data: Item } } }) => {
        for (const item of whole.take(data.json.data)) say({ subscription, item });
      },
      fail: (error) => say({ subscription, error }),
    });
    ended.set(subscription, () => {
      calls.delete(of);
      socket?.send(JSON.stringify({ id: of, method: 'subscription.stop' }));
    });
  } else if (command.do === 'unsubscribe') ended.get(subscription)?.();
  else if (command.do === 'publish' || command.do === 'answer') {
    const { do: verb, type, data, topic, open, answer } = command;
    // The key is made once: the call is sent again as it is after a lost connection.
    const input =
      verb === 'answer' ? { topic, id: open, answer } : { data, topic, idempotencyKey: randomUUID() };
    call('mutation', `${verb}.${type}`, input, {
      answer: ({ data }) => answered(data.json),
      fail: (error) => say({ id, error }),
    });
    return;
  } else {
    life++;
    failures = 0;
    calls.clear();
    socket?.terminate();
    socket = undefined;
  }
  answered();
}

say({
  client: 'minimal',
  protocol: 1,
  capabilities: ['publish', 'retry', 'params', 'gives-up', 'moves', 'keep-alive', 'open-events', 'answers'],
});
createInterface({ input: process.stdin })
  .on('line', (line) => run(JSON.parse(line)))
  .on('close', () => process.exit(0));
