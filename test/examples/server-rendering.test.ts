import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');

/** Programs that render the examples' pages on a server, where there is no page to take an address from. */
const PROGRAMS = {
  vue: `
    import { createSSRApp } from 'vue';
    import { renderToString } from 'vue/server-renderer';
    import App from './app.js';
    console.log(await renderToString(createSSRApp(App)));`,
  svelte: `
    import { render } from 'svelte/server';
    import App from './app.js';
    console.log((await render(App)).body);`,
};

test.each(Object.entries(PROGRAMS))(
  'a server renders the page of the example %s as it is at the beginning; it connects to nothing, and ends by itself',
  async (framework, program) => {
    const outDir = join(ROOT, 'node_modules/.cache/server-rendering', framework); // where it finds its packages
    const example = join(ROOT, 'examples', framework);
    const entry = join(example, `app.${framework}`);
    const args = [
      'build',
      example,
      '--ssr',
      entry,
      '--outDir',
      outDir,
      '--emptyOutDir',
      '--logLevel',
      'warn',
    ];
    await run(process.execPath, [VITE, ...args], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: 'production', VITEST: '' },
    });
    writeFileSync(join(outDir, 'render.mjs'), program);
    // A connection would fail without an address, and a timer or a socket would keep the program.
    const { stdout, stderr } = await run(process.execPath, [join(outDir, 'render.mjs')], { timeout: 60_000 });
    const text = stdout.replaceAll(/<!--.*?-->/g, '').replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/<p role="status"> ?connecting ?<\/p>/);
    expect(text).toContain('<p>Server: not heard of yet</p>');
    expect(text).toContain('<p>Mood: 0.0</p>');
    expect(stderr).toBe('');
  },
  240_000,
);
