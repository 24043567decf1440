import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

/** A Chromium that runs here, and the environment it needs to. */
export interface ChromiumBinary {
  executablePath: string;
  env: Record<string, string>;
}

const CACHE = join(import.meta.dirname, '../../node_modules/.cache');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--renderer-process-limit=1', // of a context: no second process is kept in reserve for each page
];

/**
 * A headless browser of one's own: `await using browser = await launchChromium()`. Most tests want {@link openContext}.
 * The first call on a machine unpacks it, which takes some seconds.
 */
export async function launchChromium(): Promise<Browser> {
  const { executablePath, env } = await ensureChromium();
  return chromium.launch({ executablePath, args: FLAGS, env: { ...process.env, ...env } });
}

let shared: Promise<Browser> | undefined;

/**
 * A context in the browser of this process, which is started once and ends with the process. Contexts know nothing of
 * each other: `await using context = await openContext()`.
 */
export async function openContext(options?: BrowserContextOptions): Promise<BrowserContext> {
  shared ??= launchChromium();
  return (await shared).newContext(options);
}

/**
 * `$CHROMIUM`, else the one inside the npm package, unpacked once below node_modules/.cache; where that does not run,
 * the machine's own. The package's is a shell without a window, which takes less than half of the CPU.
 */
export async function ensureChromium(): Promise<ChromiumBinary> {
  const isPacked = process.platform === 'linux' && process.arch === 'x64';
  const own = isPacked ? [] : ['/usr/bin/chromium', '/usr/bin/google-chrome'];
  for (const path of [process.env['CHROMIUM'], ...own]) {
    if (path && existsSync(path)) return { executablePath: path, env: {} };
  }
  const manifest = await findManifest(createRequire(import.meta.url).resolve('@sparticuz/chromium'));
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const dir = join(CACHE, `chromium-${version}`);
  if (!existsSync(dir)) await unpack(dir);
  return {
    executablePath: join(dir, 'chromium'),
    env: { LD_LIBRARY_PATH: join(dir, 'al2023/lib'), FONTCONFIG_FILE: join(dir, 'fonts.conf') },
  };
}

/** The package's manifest is not among its exports, so it is looked for above its entry. */
async function findManifest(entry: string): Promise<string> {
  for (let dir = dirname(entry); dir !== dirname(dir); dir = dirname(dir)) {
    const path = join(dir, 'package.json');
    if (existsSync(path) && JSON.parse(await readFile(path, 'utf8')).version) return path;
  }
  throw new Error(`No package.json with a version above ${entry}`);
}

/** Into a directory of its own first, then moved: two runs at once do not meet half a browser. */
async function unpack(dir: string): Promise<void> {
  const unfinished = `${dir}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  // The package unpacks below $TMPDIR, brings its own libraries and fonts only where it believes to be on AWS
  // Lambda, and edits process.env.
  const before = { ...process.env };
  process.env['TMPDIR'] = unfinished;
  process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs20.x';
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    await packed.executablePath();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
  await writeFile(
    join(unfinished, 'fonts.conf'),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts</dir><dir>${dir}/fonts</dir><cachedir>${dir}/fonts-cache</cachedir></fontconfig>`,
  );
  try {
    await rename(unfinished, dir);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(dir)) throw error; // else another run was first, and its browser is as good
  }
}
