import type { Application, ApplicationContext } from '../server/index.ts';
import { createAppRouter } from '../server/index.ts';
import { psycheEvents } from '../shared/index.ts';

/** The events that `serve` serves, and that the other commands find in Redis. */
export const catalog = psycheEvents;

/** What `serve` serves. The simulation joins here, unless `config.simulation` is off. */
export function application({ manager }: ApplicationContext<typeof catalog>): Application {
  return { router: createAppRouter(manager) };
}
