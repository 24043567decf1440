import { join } from 'node:path';
import { defineConfig, loadConfigFromFile, mergeConfig } from 'vite';

/** The example's own vite.config.ts, with a place of its own for what Vite prepares for a page: several examples run at once. */
// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig(async (env) => {
  const directory = process.env['EXAMPLE'] ?? '';
  const own = await loadConfigFromFile(env, undefined, directory);
  if (own === null) throw new Error(`${directory} has no vite.config.ts`);
  const cacheDir = join(import.meta.dirname, '../../node_modules/.cache/vite', directory);
  return mergeConfig(own.config, { cacheDir });
});
