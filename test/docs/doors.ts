import { join } from 'node:path';
import { ROOT } from './snippets.ts';

const ROOMS = {
  '': 'shared',
  server: 'server',
  client: 'client',
  store: 'client/store',
  react: 'client/react',
  ai: 'agents/ai',
  simulation: 'simulation',
};

/**
 * The doors as their users name them, as a compiler's `paths`: what was built, whose declarations take half the time to
 * check that the source takes.
 */
export const DOORS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(ROOMS).map(([door, room]) => [
    door === '' ? 'psyche-events' : `psyche-events/${door}`,
    [join(ROOT, 'dist', room, 'index.d.ts')],
  ]),
);
