import type { AnyCatalog, Catalog, CatalogOf, OpensOf, SchemasOf } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { runEvents } from '../../shared/runs/run-events.ts';
import type { EventManager } from '../event-manager/event-manager.ts';

type RunEvents = typeof runEvents;

/** Any catalog that has the events of runs: made by `defineEvents({ ...runEvents, … })`. */
export type RunsCatalog = AnyCatalog &
  Pick<Catalog<SchemasOf<RunEvents>, OpensOf<RunEvents>>, 'schemas' | 'opens'>;

/** A manager as runs use it: they read and publish their own events alone. */
export type RunsManager = EventManager<CatalogOf<RunEvents>>;

/** A manager, as runs use it. @throws EventsError INVALID_OPTION where its catalog lacks the events of runs */
export function runsManager<C extends RunsCatalog>(manager: EventManager<C>): RunsManager {
  const { catalog } = manager;
  const { kind, field } = (catalog as AnyCatalog).opens['run'] ?? {};
  if (kind !== 'growing' || field !== 'outcome' || !catalog.has('run_stop')) {
    const message =
      "The catalog lacks the events of runs: make it with defineEvents({ ...runEvents, … }), of 'psyche-events'.";
    throw new EventsError('INVALID_OPTION', message);
  }
  return manager as unknown as RunsManager; // its catalog has these events, and more
}
