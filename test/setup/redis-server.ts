import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureRedis } from './redis-binary.ts';

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly isRunning: boolean;
  /** Ends it in good order: what its persistence promises is on disk. */
  stop(): Promise<void>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** Keeps it from doing anything, while its connections stay open. */
  freeze(): void;
  thaw(): void;
  /** Stops it if it runs, then starts it again on the same port and directory. */
  restart(): Promise<void>;
}

export interface RedisServerOptions {
  /** More arguments of redis-server, e.g. `['--appendonly', 'yes']`. Default: nothing is persisted. */
  args?: readonly string[];
  /** Lines of its configuration file, for what arguments cannot say. Default: it has none. */
  config?: readonly string[];
}

/**
 * A Redis of a test's own, on loopback; it dies with this process.
 *
 * @example await using server = await startRedis({ args: ['--appendonly', 'yes'] });
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'psyche-redis-'));
  const args = [...(options.args ?? [])];
  if (options.config) {
    args.unshift(join(dir, 'redis.conf'));
    await writeFile(join(dir, 'redis.conf'), `${options.config.join('\n')}\n`);
  }
  let { port, child } = await launchOnFreePort(dir, args);
  const end = async (signal: NodeJS.Signals) => {
    if (!isRunning(child)) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const stop = () => end('SIGTERM');
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get isRunning() {
      return isRunning(child);
    },
    stop,
    kill: () => end('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async restart() {
      await stop();
      child = await launch(dir, port, args);
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launchOnFreePort(dir: string, args: readonly string[]) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, child: await launch(dir, port, args) };
    } catch (error) {
      // Somebody else may have taken the port since we looked.
      if (attempt === 3) {
        await rm(dir, { recursive: true, force: true });
        throw error;
      }
    }
  }
}

async function launch(dir: string, port: number, args: readonly string[]): Promise<ChildProcess> {
  const { bin, env } = ensureRedis();
  const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir];
  const [first, ...rest] = args; // a configuration file, if there is one, comes first
  const command = first?.startsWith('/')
    ? [bin, first, ...own, ...rest]
    : [bin, ...own, '--save', '', ...args];
  // With setpriv the kernel ends the server with us, however we end.
  if (existsSync('/usr/bin/setpriv')) command.unshift('/usr/bin/setpriv', '--pdeathsig', 'SIGKILL');
  const [file = bin, ...given] = command;
  const child = spawn(file, given, { stdio: 'ignore', env: { ...process.env, ...env } });
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = Date.now() + 10_000;
  while (!(await answers(port, child.pid))) {
    if (failure) throw failure;
    if (!isRunning(child))
      throw new Error(`redis-server exited with ${child.exitCode}: ${command.join(' ')}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`redis-server does not answer on port ${port}`);
    }
    await sleep(10);
  }
  return child;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Tells if the process `pid`, and no other, has loaded its data and serves the port. */
function answers(port: number, pid: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1', () => socket.end('PING\r\nINFO server\r\nQUIT\r\n'));
    socket.setEncoding('utf8').setTimeout(1000, () => socket.destroy());
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.once('error', () => {}); // 'close' follows
    socket.once('close', () => {
      // One with a password says no more to us than that it is there.
      const isOurs = reply.startsWith('-NOAUTH') || reply.includes(`process_id:${pid}\r\n`);
      resolve(isOurs && !reply.startsWith('-LOADING'));
    });
  });
}

/** Ports of each worker of vitest: of two that looked in one range, both could find a port free before either listens on it. */
const PORTS_EACH = 1_500;
const firstPort = 20_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 8) * PORTS_EACH;
/** Number of the next port among those; not the first, since runs may go on side by side. */
let nextPort = Math.floor(Math.random() * PORTS_EACH);

/**
 * A port that nobody listens on, and as many after it. Below the range that outgoing connections take their ports from: a
 * client that keeps trying a stopped server can otherwise be given the server's own port, and keep it from coming back.
 */
export async function freePort(andAfterIt = 0): Promise<number> {
  for (;;) {
    const port = firstPort + (nextPort % (PORTS_EACH - andAfterIt));
    nextPort += andAfterIt + 1;
    let free = 0;
    while (free <= andAfterIt && (await isFree(port + free))) free++;
    if (free > andAfterIt) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  if (free) await new Promise((resolve) => probe.close(resolve));
  return free;
}
