/**
 * Sizes of what a page loads and of what an install brings, against their budgets: part of `npm run check`, after the
 * build. A door is measured with all of our own code behind it and without packages, of which it may import those named
 * here and no other; a program is measured as esbuild bundles it from the built package, with everything it imports. Of
 * both, what is loaded later, by pages that need it, is measured apart.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build as bundle } from 'esbuild';
import { build, type InlineConfig, type Rolldown } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const KB = 1024;

// 0.5 KB of each client below keep text through an outage, say what can be done after a failure, refuse a verb for another
// kind, and abort replies at the end. 0.4 of a catalog check the field that grows. 0.1 of a connection keep the cause of a
// loss apart.

/** The parts of tRPC's client that are used: its main module has all links, and bundlers keep some of each. */
const TRPC = ['@trpc/client/links/httpLink', '@trpc/client/links/wsLink/wsLink', '@trpc/server/observable'];

interface Budget {
  what: string;
  config: InlineConfig;
  /** Bytes of the scripts together, compressed. */
  maxBytes: number;
  /** Bytes of those that are imported when they are needed; counted with the others where it is left out. */
  maxLaterBytes?: number;
  /** Packages that are imported from outside. */
  packages: readonly string[];
}

const BUDGETS: readonly Budget[] = [
  {
    what: 'the dashboard, all of its scripts',
    config: { configFile: join(ROOT, 'vite.config.ts') },
    maxBytes: 180 * KB,
    packages: [],
  },
  {
    what: './client, our own code',
    config: door('client/index.ts'),
    // 4 KB of it are the reader and writer of superjson's format, with its bounds; 2 versions of events, and the
    // fingerprints of their schemas, which a publisher to a broker writes; 0.2 of that tell which version data is of, so
    // that a held publisher loses no field, and what is wrong with a step; 0.1 tell that no server can be reached, and that
    // nobody is authenticated. 3.9 are open events: 0.5 their kinds in a catalog, 0.7 whole events made of their changes,
    // the rest the verbs and handles. 0.2 know from when on members are counted, and keep a position in each of several topics.
    // 0.6 choose a transport, and load the second one when no WebSocket gets through. 0.6 refuse options that are none, and
    // name those that are meant; try a WebSocket once more before the second transport is kept; say of a publish that it was
    // never sent, and of a server that it is not there; and let a member leave with its page. 0.1 tell why a server let nobody
    // in; half of that is Node's, and left out of a page. 0.1 tell a program without a page that it has to pass url, and bound
    // the wait that a server asks for. 0.1 judge which of several messages was too large, and keep errors of onError in.
    maxBytes: 28.5 * KB,
    maxLaterBytes: 2.4 * KB,
    packages: [...TRPC, 'superjson', 'ws', 'zod'],
  },
  {
    what: './store, our own code',
    config: door('client/store/index.ts'),
    // 4 KB of it are the writer of superjson's format, and its bounds; 0.6 queries of TanStack Query.
    maxBytes: 10 * KB,
    packages: ['superjson'],
  },
  {
    what: './react, our own code',
    config: door('client/react/index.ts'),
    // 0.2 KB of it have the store let go of erased events, also of open ones. 4.4 are open events: 2.7 the client's, 1 in the
    // store, 0.7 the hooks. 0.3 know from when on members are counted, and keep a position in each of several topics.
    // 0.1 are sources, as the store's door has them. 0.6 choose a transport.
    // 0.9 say what is wrong with options, and why a token, or anybody, was refused.
    maxBytes: 24.9 * KB,
    maxLaterBytes: 2.4 * KB,
    packages: [...TRPC, 'react', 'react/jsx-runtime', 'superjson', 'ws'],
  },
  {
    what: './ag-ui, our own code',
    config: door('agents/ag-ui/index.ts'),
    // A client is in it, and what a server runs agents with. 0.3 tell why a request was refused.
    // 0.1 bound the wait that a server asks for, and the look for names in data. 0.4 let go of what is erased while it
    // waits, log why a run was not begun, and refuse a place that is none.
    maxBytes: 36.4 * KB,
    maxLaterBytes: 2.4 * KB,
    packages: [...TRPC, '@ag-ui/client', '@ag-ui/core', 'rxjs', 'superjson', 'ws', 'zod'],
  },
  {
    what: './ai, our own code',
    config: door('agents/ai/index.ts'),
    // 25 KB of it are a client. The rest: 2 what a server answers chats with, 2 runs, 1 the events.
    // 0.8 keep an open page up with runs that end while it loads. 0.1 tell what a chat's log has lost.
    // 0.1 bound the wait that a server asks for, and the look for names in data. 0.4 end an answer that was erased, let go
    // of what is erased while it waits, and log why a run was not begun.
    maxBytes: 34.5 * KB,
    maxLaterBytes: 2.4 * KB,
    packages: [...TRPC, 'ai', 'superjson', 'ws', 'zod'],
  },
];

interface Program {
  what: string;
  source: string;
  /** Bytes, compressed. */
  maxBytes: number;
  /** Text that must not be in it. */
  without?: string;
}

const PROGRAMS: readonly Program[] = [
  {
    what: 'a page with createClient({ catalog }), all packages included',
    source: `
      import { defineEvents } from 'psyche-events';
      import { createClient } from 'psyche-events/client';
      import * as z from 'zod';
      const catalog = defineEvents({ dream: z.object({ symbol: z.string(), at: z.date() }) });
      createClient({ url: 'wss://a.example/trpc', catalog }).on('dream', console.log);`,
    // 25 KB of it are zod's own, 8 tRPC's, 4 superjson's, 1 versions of events, 3.4 open events; 0.1 tell an asker that its question was erased.
    // 0.6 choose a transport, and 0.4 is what two scripts in the place of one cost.
    maxBytes: 60.2 * KB,
  },
  {
    what: 'a page with createPublisher, all packages included',
    source: `
      import { createPublisher } from 'psyche-events/client';
      createPublisher({ url: 'https://a.example/trpc' }).publish('dream', {});`,
    // 3.3 KB of it are open events: over ws:// it is a client, with all verbs; 0.1 tell an asker that its question was erased,
    // 0.1 encode every call in one place, so that one which cannot be sent rejects, 0.1 know a server that is behind,
    // 0.2 keep its position in each of several topics, and know from when on members are counted.
    // 1 is the choice of a transport, over ws:// as well.
    maxBytes: 33.3 * KB,
    without: 'agent_message', // the simulation's catalog
  },
];

/** Packages that an install brings beside this one and its peers. */
const MAX_PACKAGES = 28;

function door(entry: string): InlineConfig {
  return { configFile: false, root: ROOT, build: { ssr: join(ROOT, entry), minify: 'oxc' } };
}

async function scriptsOf(config: InlineConfig): Promise<Rolldown.OutputChunk[]> {
  const built = await build({ ...config, logLevel: 'warn', build: { ...config.build, write: false } });
  if (!('output' in built) && !Array.isArray(built)) throw new TypeError('The build watches; it should not.');
  return [built].flat().flatMap(({ output }) => output.filter((file) => file.type === 'chunk'));
}

let failed = false;
for (const { what, config, maxBytes, maxLaterBytes, packages } of BUDGETS) {
  const scripts = await scriptsOf(config);
  const first = maxLaterBytes === undefined ? scripts : loadedFirst(scripts);
  const bytes = first.reduce((sum, { code }) => sum + zipped(code), 0);
  const laterBytes = scripts.reduce((sum, { code }) => sum + zipped(code), 0) - bytes;
  const own = new Set(scripts.map(({ fileName }) => fileName));
  const imported = new Set(
    scripts
      .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
      .filter((name) => !own.has(name)),
  );
  const strangers = [...imported].filter((name) => !packages.includes(name));
  const isOver = bytes > maxBytes || laterBytes > (maxLaterBytes ?? 0);
  failed ||= isOver || strangers.length > 0;
  const later =
    maxLaterBytes === undefined ? '' : `, and later ${(laterBytes / KB).toFixed(1)} of ${maxLaterBytes / KB}`;
  const figures = `${(bytes / KB).toFixed(1)} of ${maxBytes / KB} KB gzip${later}`;
  console.log(`${isOver ? '✗' : '✓'} ${what}: ${figures}`);
  if (strangers.length > 0) console.log(`✗ ${what}: imports ${strangers.join(', ')}`);
}

for (const { what, source, maxBytes, without } of PROGRAMS) {
  const { outputFiles, metafile } = await bundle({
    stdin: { contents: source, resolveDir: ROOT },
    bundle: true,
    splitting: true,
    metafile: true,
    outdir: join(ROOT, 'dist'),
    minify: true,
    format: 'esm',
    platform: 'browser',
    tsconfigRaw: {}, // paths of the repository's own lead to sources
    write: false,
  });
  const files = Object.entries(metafile.outputs).map(([fileName, { entryPoint, imports }]) => ({
    fileName,
    isEntry: entryPoint === '<stdin>',
    imports: imports.flatMap(({ path, kind }) => (kind === 'import-statement' ? path : [])),
  }));
  const names = new Set(loadedFirst(files).map(({ fileName }) => join(process.cwd(), fileName)));
  const text = outputFiles.flatMap((file) => (names.has(file.path) ? file.text : [])).join('');
  const bytes = zipped(text);
  const holds = without !== undefined && text.includes(without);
  const isOver = bytes > maxBytes;
  failed ||= isOver || holds;
  console.log(`${isOver ? '✗' : '✓'} ${what}: ${(bytes / KB).toFixed(1)} of ${maxBytes / KB} KB gzip`);
  if (holds) console.log(`✗ ${what}: holds ${without}`);
}

const installed = installedPackages();
const isCrowded = installed.size > MAX_PACKAGES;
failed ||= isCrowded;
console.log(
  `${isCrowded ? '✗' : '✓'} an install, beside the peers: ${installed.size} of ${MAX_PACKAGES} packages`,
);
if (failed) process.exitCode = 1;

function zipped(code: string): number {
  return gzipSync(code, { level: 9 }).byteLength;
}

/** Scripts that an entry needs before it runs: not those that are imported when they are needed. */
function loadedFirst<T extends { fileName: string; isEntry: boolean; imports: readonly string[] }>(
  scripts: readonly T[],
): T[] {
  const first = new Set(scripts.filter(({ isEntry }) => isEntry));
  for (const { imports } of first) {
    for (const each of scripts) if (imports.includes(each.fileName)) first.add(each);
  }
  return [...first];
}

/** The packages of package-lock.json that `dependencies` lead to, peers and what is optional left out. */
function installedPackages(): ReadonlySet<string> {
  interface Locked {
    dependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  }
  const lock: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  const { dependencies = {}, peerDependencies = {} } = lock.packages[''] ?? {};
  const peers = new Set(Object.keys(peerDependencies));
  const found = new Set<string>();
  const add = (name: string, from: string): void => {
    const nested = `${from}/node_modules/${name}`;
    const path = nested in lock.packages ? nested : `node_modules/${name}`;
    if (found.has(path) || peers.has(name)) return;
    found.add(path);
    for (const each of Object.keys(lock.packages[path]?.dependencies ?? {})) add(each, path);
  };
  for (const name of Object.keys(dependencies)) add(name, '');
  return found;
}
