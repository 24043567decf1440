/**
 * Sizes of what a page loads, against their budgets: part of `npm run check`. A door is measured with all of our own code behind
 * it and without packages, of which it may import those named here and no other.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type InlineConfig, type Rolldown } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const KB = 1024;

interface Budget {
  what: string;
  config: InlineConfig;
  /** Bytes of the scripts together, compressed. */
  maxBytes: number;
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
    // 4 KB of it are the reader and writer of superjson's format, with its bounds.
    maxBytes: 17 * KB,
    packages: ['@trpc/client', 'superjson', 'ws', 'zod'],
  },
  {
    what: './react, our own code',
    config: door('client/react/index.ts'),
    maxBytes: 15 * KB,
    packages: ['@trpc/client', 'react', 'react/jsx-runtime', 'superjson', 'ws'],
  },
];

function door(entry: string): InlineConfig {
  return { configFile: false, root: ROOT, build: { ssr: join(ROOT, entry), minify: 'oxc' } };
}

async function scriptsOf(config: InlineConfig): Promise<Rolldown.OutputChunk[]> {
  const built = await build({ ...config, logLevel: 'warn', build: { ...config.build, write: false } });
  if (!('output' in built) && !Array.isArray(built)) throw new TypeError('The build watches; it should not.');
  return [built].flat().flatMap(({ output }) => output.filter((file) => file.type === 'chunk'));
}

let failed = false;
for (const { what, config, maxBytes, packages } of BUDGETS) {
  const scripts = await scriptsOf(config);
  const bytes = scripts.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).byteLength, 0);
  const own = new Set(scripts.map(({ fileName }) => fileName));
  const imported = new Set(
    scripts
      .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
      .filter((name) => !own.has(name)),
  );
  const strangers = [...imported].filter((name) => !packages.includes(name));
  const isOver = bytes > maxBytes;
  failed ||= isOver || strangers.length > 0;
  const figures = `${(bytes / KB).toFixed(1)} of ${maxBytes / KB} KB gzip`;
  console.log(`${isOver ? '✗' : '✓'} ${what}: ${figures}`);
  if (strangers.length > 0) console.log(`✗ ${what}: imports ${strangers.join(', ')}`);
}
if (failed) process.exitCode = 1;
