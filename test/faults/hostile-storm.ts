import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { damaged, hostileText, type Random, UPGRADE, wireFrame } from '../broadcaster/hostile.ts';

/** All procedures, and some names that are none. */
const PATHS = [
  'publish.agent_message',
  'publish.batch',
  'on.any',
  'on.agent_message',
  'history',
  'stats',
  'publish',
  '__proto__',
  'publish.constructor',
  '',
] as const;
const PROBE = '{"id":"probe","method":"query","params":{"path":"stats","input":{"json":null}}}';
const FRAMES_PER_PROBE = 100;

/** Answers of a server. */
export interface StormReport {
  frames: number;
  /** Close code → how often. */
  closes: Map<number, number>;
}

/** Sends so many mutated frames on every path of one server: as messages, as first messages, as bytes on the wire. */
export async function storm(port: number, random: Random, frames: number): Promise<StormReport> {
  const report: StormReport = { frames: 0, closes: new Map() };
  while (report.frames < frames) {
    const kind = random.next();
    if (kind < 0.5) await wire(port, random, report);
    else await messages(port, random, report, kind < 0.7);
  }
  return report;
}

/** One WebSocket: frames, and after some of them a call whose answer shows that all before it were dealt with. */
async function messages(
  port: number,
  random: Random,
  report: StormReport,
  announced: boolean,
): Promise<void> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/trpc${announced ? '?connectionParams=1' : ''}`);
  let probed: () => void = () => {};
  ws.on('error', () => {});
  ws.on('message', (text: Buffer) => {
    if (text.includes('"id":"probe"')) probed();
  });
  const closed = new Promise<number>((resolve) => ws.once('close', resolve));
  const opened = new Promise((resolve) => ws.once('open', resolve));
  await Promise.race([opened, closed]);
  if (announced) {
    report.frames++;
    const first =
      random.next() < 0.5 ? '{"method":"connectionParams","data":{}}' : hostileText(random, PATHS, 0.5);
    ws.send(first);
    if (first.length === 4) ws.send('{"method":"connectionParams","data":null}'); // a heartbeat is no first message
  }
  for (let rounds = 0; rounds < 5 && ws.readyState === WebSocket.OPEN; rounds++) {
    for (let n = 0; n < FRAMES_PER_PROBE; n++) {
      const text = hostileText(random, PATHS, 0.3);
      ws.send(random.next() < 0.1 ? damaged(random, Buffer.from(text)) : text);
    }
    report.frames += FRAMES_PER_PROBE;
    const answered = new Promise<void>((resolve) => {
      probed = resolve;
    });
    ws.send(PROBE);
    await Promise.race([answered, closed]);
  }
  if (ws.readyState === WebSocket.OPEN) ws.terminate();
  else {
    const code = await closed;
    report.closes.set(code, (report.closes.get(code) ?? 0) + 1);
  }
}

/** One TCP connection: an upgrade and frames, most of them damaged. */
async function wire(port: number, random: Random, report: StormReport): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const upgrade = Buffer.from(UPGRADE(random.next() < 0.9 ? '/trpc' : '/other'));
  socket.write(random.next() < 0.1 ? damaged(random, upgrade) : upgrade);
  const frames = Array.from({ length: 1 + random.below(20) }, () =>
    wireFrame(random, Buffer.from(hostileText(random, PATHS))),
  );
  report.frames += frames.length;
  const bytes = Buffer.concat(frames);
  socket.end(random.next() < 0.8 ? damaged(random, bytes) : bytes);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), 1_000);
  await closed;
  clearTimeout(timer);
}
