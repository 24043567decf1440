import { patiently } from '../../reading/steps.ts';
import type { TopicOpen } from '../../reading/topic-open.ts';
import { OpenMirror } from './open-mirror.ts';
import { OpenOrder, type OpenStep } from './open-order.ts';

/** A hub's part for open events: what is told of them is put in order, and then mirrored. */
export class HubOpen {
  readonly order: OpenOrder;
  readonly mirror: OpenMirror;
  /** Resolves once the mirror has the topic's set, or the hub is closed. */
  readonly known: Promise<void>;
  readonly #closed = new AbortController();
  #onKnown: () => void = () => {};

  /** @param pass takes a step that is in its place among the topic's records */
  constructor(open: TopicOpen, pass: (step: OpenStep) => void) {
    this.known = new Promise((resolve) => {
      this.#onKnown = resolve;
    });
    this.mirror = new OpenMirror(open, pass, () => this.#onKnown());
    const { signal } = this.#closed;
    this.order = new OpenOrder(pass, () => patiently(() => open.read(), signal));
  }

  close(): void {
    this.#closed.abort();
    this.mirror.close();
    this.#onKnown();
  }
}
