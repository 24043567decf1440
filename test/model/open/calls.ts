import { setImmediate as turn } from 'node:timers/promises';
import type { OpenVerbs } from '../../../server/event-manager/open/open-verbs.ts';
import { EventsError } from '../../../shared/index.ts';
import { JOIN_MS } from '../../../shared/open/bounds.ts';
import type { Settlement } from '../../../shared/open/open-part.ts';
import type { OpenNodes } from './open-nodes.ts';
import type { RefEvent, Verdict } from './reference.ts';

/** An answer, or the error in its place. */
export type Outcome<T> = { readonly value: T; readonly error?: never } | { readonly error: EventsError };

/** Calls of owners and of those who answer, at nodes that may die before they have answered. */
export class Calls {
  readonly #nodes: OpenNodes;
  readonly #doneMs: number;

  constructor(nodes: OpenNodes, doneMs: number) {
    this.#nodes = nodes;
    this.#doneMs = doneMs;
  }

  /** @param cut the node dies meanwhile, and the call is repeated at the next */
  async make<T>(node: number, cut: boolean, call: (verbs: OpenVerbs) => Promise<T>): Promise<Outcome<T>> {
    if (!cut) return this.outcome(call(this.#nodes.at(node).opens));
    const first = call(this.#nodes.at(node).opens);
    first.catch(() => {});
    await this.#nodes.restart(node);
    const second = await this.outcome(call(this.#nodes.at(node + 1).opens));
    await this.answered(first.catch(() => {}));
    return second;
  }

  /** Its answer, or the error that it is refused with. @throws any other error */
  async outcome<T>(call: Promise<T>): Promise<Outcome<T>> {
    try {
      return { value: await this.answered(call) };
    } catch (error) {
      if (error instanceof EventsError && !['UNAVAILABLE', 'CLOSED', 'OVERLOADED'].includes(error.code))
        return { error };
      throw error;
    }
  }

  /** Lets the clock go on until a call is answered. */
  async answered<T>(call: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    call.then(over, over);
    await this.until('a call is never answered', async () => {
      if (!isOver) await this.#nodes.tick(JOIN_MS);
      return isOver;
    });
    return call;
  }

  async until(otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + this.#doneMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(otherwise);
      await turn();
    }
  }
}

/**
 * Holds the outcome of a call for an event against the reference.
 * @returns the answer; undefined where it was refused as it should be
 * @throws Error
 */
export function expected<T>(
  what: string,
  event: RefEvent,
  verdict: Verdict | 'CONFLICT',
  outcome: Outcome<T>,
): T | undefined {
  const found = outcome.error?.code ?? 'ok';
  if (found !== verdict)
    throw new Error(
      `${what} of ${event.type} ${event.id}, which is ${event.state}: ${found} instead of ${verdict}`,
    );
  if (!outcome.error) return outcome.value;
  if (verdict === 'ALREADY_SETTLED') checkSettled(what, event, outcome.error.settled);
  if (verdict === 'CONFLICT' && outcome.error.length !== event.text.length)
    throw new Error(`[O4] ${what}: length ${outcome.error.length} instead of ${event.text.length}`);
  return undefined;
}

/** A settlement as it is told is the one of the reference. @throws Error [O1] */
export function checkSettled(what: string, event: RefEvent, told: Settlement | undefined): void {
  const { id, state, settledBy, settledAt } = event;
  const isSame = told?.id === id && told.state === state && told.by === settledBy;
  const place = settledAt ?? told?.cursor;
  if (!isSame || told.cursor !== place)
    throw new Error(`[O1] ${what}: told ${JSON.stringify(told)}, settled ${JSON.stringify(event)}`);
}
