import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AnyCatalog, EventsError } from '../../shared/index.ts';

/**
 * The catalog of a module: its export `catalog`, or its default export; without a module, the simulation's events.
 * @param path of the module, from the working directory
 * @throws EventsError INVALID_OPTION when it cannot be loaded, or has none
 */
export async function loadCatalog(path: string | undefined): Promise<AnyCatalog> {
  if (path === undefined) return (await import('../../simulation/serving.ts')).simulationEvents;
  const found = candidates(await load(path)).find(isCatalog);
  if (found) return found;
  throw new EventsError(
    'INVALID_OPTION',
    `${path} exports no catalog: export what defineEvents returns, as \`catalog\` or as the default.`,
  );
}

async function load(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EventsError(
      'INVALID_OPTION',
      `${path} cannot be loaded: ${reason}. Name a module that this Node runs: JavaScript, or TypeScript from Node 22.18 on.`,
      { cause },
    );
  }
}

/** The values that may be a module's catalog. The default of a CommonJS module is all that it exports. */
function candidates(module: unknown): unknown[] {
  const fallback = field(module, 'default');
  return [field(module, 'catalog'), fallback, field(fallback, 'catalog'), field(fallback, 'default')];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function isCatalog(value: unknown): value is AnyCatalog {
  const methods = ['has', 'parse', 'versionOf', 'schemaOf', 'upcast'];
  return (
    Array.isArray(field(value, 'names')) && methods.every((name) => typeof field(value, name) === 'function')
  );
}
