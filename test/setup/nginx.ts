import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { unpackDebianPackages } from './debian-package.ts';
import { until } from './until.ts';

interface NginxBinary {
  bin: string;
  env: Record<string, string>;
}

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/nginx');
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((arch) =>
  ['usr/lib', 'lib'].map((lib) => join(CACHE, 'root', lib, arch)),
);
/** The machine's own: of another release it would not fit the loader. */
const OF_THE_LOADER = /^libc6$/;

/**
 * `$NGINX`, else the machine's own, else Debian's package unpacked below node_modules/.cache, as for Redis.
 * @returns the binary, or why there is none
 */
function findNginx(): NginxBinary | string {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  for (const bin of [process.env['NGINX'], ...dirs.map((dir) => join(dir, 'nginx'))]) {
    if (bin && runs({ bin, env: {} })) return { bin, env: {} };
  }
  const unpacked = {
    bin: join(CACHE, 'root/usr/sbin/nginx'),
    env: { LD_LIBRARY_PATH: LIBRARIES.join(delimiter) },
  };
  try {
    if (!existsSync(unpacked.bin)) {
      unpackDebianPackages(CACHE, unpacked.bin, (apt) => {
        const needed = [...apt('apt-cache', 'depends', 'nginx').matchAll(/^\s*Depends: (lib\S+)$/gm)];
        return ['nginx', ...needed.flatMap(([, name = '']) => (OF_THE_LOADER.test(name) ? [] : [name]))];
      });
    }
  } catch {
    return 'no nginx in PATH, and Debian’s cannot be fetched';
  }
  return runs(unpacked) ? unpacked : 'Debian’s nginx does not run here';
}

function runs({ bin, env }: NginxBinary): boolean {
  if (!existsSync(bin)) return false;
  try {
    // All that the tests ask of it, TLS too.
    const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
    return execFileSync('sh', ['-c', '"$0" -V 2>&1', bin], options).includes('http_ssl_module');
  } catch {
    return false;
  }
}

const found = findNginx();

/** Why there is no nginx on this machine; null where there is one. */
export const noNginx = typeof found === 'string' ? found : null;

export interface Nginx extends AsyncDisposable {
  /** Its log of failed requests. */
  errors(): Promise<string>;
}

/**
 * An nginx of a test's own; it dies with this process.
 * @param http lines within `http { … }`
 * @param ports all that it listens on by these
 * @throws Error with its log if it ends, for example since somebody else took a port meanwhile
 */
export async function startNginx(http: string, ...ports: readonly number[]): Promise<Nginx> {
  if (typeof found === 'string') throw new Error(found);
  const dir = await mkdtemp(join(tmpdir(), 'psyche-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${dir}/${name};`)
    .join('\n');
  await writeFile(
    join(dir, 'nginx.conf'),
    // One process, as the user that runs the tests.
    `daemon off;\nmaster_process off;\npid ${dir}/pid;\nerror_log ${dir}/error.log info;\nevents {}\nhttp {\n  access_log off;\n${temporary}\n${http}\n}\n`,
  );
  const command = [found.bin, '-p', dir, '-c', join(dir, 'nginx.conf')];
  // Where setpriv exists the kernel ends it with us, however we end.
  if (existsSync('/usr/bin/setpriv')) command.unshift('/usr/bin/setpriv', '--pdeathsig', 'SIGKILL');
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: 'ignore', env: { ...process.env, ...found.env } });
  const errors = () => readFile(join(dir, 'error.log'), 'utf8').catch(() => '');
  const ended = once(child, 'exit').then(async () => {
    throw new Error(`nginx ended: ${await errors()}`);
  });
  const listens = until('nginx listens', async () => (await Promise.all(ports.map(accepts))).every(Boolean));
  await Promise.race([ended, listens]);
  ended.catch(() => {});
  // A port that somebody else has is tried for some seconds before nginx ends, and accepts meanwhile.
  if ((await errors()).includes('bind()')) {
    await end(child);
    throw new Error(`nginx cannot listen: ${await errors()}`);
  }
  return {
    errors,
    async [Symbol.asyncDispose]() {
      await end(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
