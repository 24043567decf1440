import type { AnyCatalog } from '../../shared/catalog.ts';
import type { Answered } from '../../shared/open/answered.ts';
import { LEASE_MS } from '../../shared/open/bounds.ts';
import { type BegunEvent, type OpenHandle, openHandle } from '../../shared/open/handles.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';
import { idleClock } from '../../shared/timing.ts';
import { definedOnly } from '../connection/encoding.ts';
import { freshKey } from '../connection/fresh-key.ts';
import type { Wire } from '../connection/wire.ts';
import { closedError } from '../failures/errors.ts';
import type { RetryOptions } from '../failures/retry.ts';
import { checkKind } from './check-kind.ts';
import { Member } from './member.ts';
import { callsOf } from './open-calls.ts';
import type {
  AnswerOptions,
  AskOptions,
  BeginOptions,
  JoinOptions,
  Membership,
  OpenOptions,
} from './open-types.ts';
import { awaitAnswer } from './question.ts';

/**
 * The verbs of open events, over a client's connection. Types of events are names here; {@link EventsClient} types them.
 * Options go to the server with names that are none, so that it refuses them.
 */
export class OpenVerbs {
  readonly #wire: Wire;
  readonly #catalog: AnyCatalog | undefined;
  readonly #report: (error: Error) => void;
  readonly #members = new Set<Member<unknown>>();
  /** Handles that are aborted with the client: nobody has the key to come back to their events. */
  readonly #handles = new Set<OpenHandle>();
  /** Members and handles that are on their way. */
  readonly #beginning = new Set<Promise<unknown>>();
  /** Ends calls that nobody waits for. */
  readonly #closing = new AbortController();
  /** Ends those that could only be undone with a connection, where the client is closed without one. */
  readonly #unreachable = new AbortController();

  /** @param catalog checks data before it is sent; without it the server alone does */
  constructor(wire: Wire, catalog: AnyCatalog | undefined, report: (error: Error) => void) {
    this.#wire = wire;
    this.#catalog = catalog;
    this.#report = report;
  }

  begin(type: string, data: unknown, options: BeginOptions = {}): Promise<OpenHandle<unknown>> {
    return this.#tracked(this.#handle('growing', type, data, options));
  }

  join(type: string, data: unknown, options?: JoinOptions): Promise<Membership<unknown>> {
    return this.#tracked(this.#join(type, data, options));
  }

  async #join(type: string, data: unknown, options: JoinOptions = {}): Promise<Membership<unknown>> {
    let { signal } = options;
    const member = new Member<unknown>({
      begin: (joined, onLost, left) =>
        this.#handle('presence', type, joined, { ...options, signal, onLost }, left),
      data,
      report: this.#report,
      isConnected: () => this.#isConnected(),
      onClosed: (closed) => this.#members.delete(closed),
    });
    await member.join();
    ({ signal } = this.#unreachable);
    this.#members.add(member);
    return member;
  }

  ask<A>(type: string, asks: unknown, options: AskOptions = {}): Promise<Answered<A>> {
    const { key = freshKey(), signal, ...asked } = options;
    const { topic } = options;
    return awaitAnswer(this.#wire, {
      type,
      topic,
      ask: () => this.#begin('question', type, asks, { ...asked, key }),
      withdraw: ({ id }) =>
        this.#wire.mutate('INVALID_OPTION', 'settle', { topic, id, key, state: 'withdrawn' }),
      signal,
    });
  }

  async answer(
    type: string,
    id: string,
    answer: unknown,
    { signal, timeoutMs, ...asked }: AnswerOptions = {},
  ): Promise<{ cursor: string }> {
    this.#catalog?.parseAnswer(type, answer);
    return this.#wire.mutate(
      'INVALID_EVENT',
      `answer.${type}`,
      { ...asked, id, answer },
      { signal, timeoutMs },
    );
  }

  async open<Page>({ signal, timeoutMs, ...asked }: OpenOptions<string, AnyCatalog> = {}): Promise<Page> {
    return this.#wire.ask('open', asked, { signal, timeoutMs });
  }

  /** All members leave, and what nobody can come back to is aborted; undefined where there is nothing of either. */
  close(): Promise<unknown> | undefined {
    this.#closing.abort(closedError());
    if (!this.#isConnected()) this.#unreachable.abort(closedError());
    const count = this.#members.size + this.#handles.size + this.#beginning.size;
    return count === 0 ? undefined : this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    await Promise.allSettled(this.#beginning);
    const open = [...this.#members, ...(this.#isConnected() ? this.#handles : [])];
    await Promise.all(open.map((one) => one.close()));
  }

  async #tracked<T>(beginning: Promise<T>): Promise<T> {
    this.#beginning.add(beginning);
    return beginning.finally(() => this.#beginning.delete(beginning));
  }

  #isConnected(): boolean {
    return this.#wire.connection.state.status === 'live';
  }

  async #handle(
    kind: BegunKind,
    type: string,
    data: unknown,
    options: BeginOptions,
    closing = this.#closing.signal,
  ): Promise<OpenHandle<unknown>> {
    const { key = freshKey(), onLost, signal, timeoutMs, ...asked } = options;
    const { topic, leaseMs } = options;
    const begun = await this.#begin(kind, type, data, { ...asked, key }, options);
    const lease = leaseMs ?? LEASE_MS;
    const calls = callsOf(this.#wire, closing, topic, begun, lease);
    const ended = new AbortController();
    const onEnd = (handle: OpenHandle) => {
      ended.abort();
      this.#handles.delete(handle);
    };
    if (kind === 'presence') this.#leaveWithPage(topic, begun, ended.signal);
    const handle = openHandle({ kind, begun, leaseMs: lease, calls, clock: idleClock, onLost, onEnd });
    if (kind === 'growing' && options.key === undefined) this.#handles.add(handle);
    return handle;
  }

  /** A member leaves with its page, as far as the browser still sends it. A page that is kept for the way back goes on being one. */
  #leaveWithPage(topic: string | undefined, { id, key }: BegunEvent, signal: AbortSignal): void {
    const leave = ({ persisted }: PageTransitionEvent): void => {
      if (!persisted) this.#wire.sendNow('settle', definedOnly({ topic, id, key, state: 'left' }));
    };
    globalThis.addEventListener?.('pagehide', leave, { signal });
  }

  /** Begins an event. Tried again it is the same one: it has its key from the start. */
  async #begin(
    kind: BegunKind,
    type: string,
    data: unknown,
    more: object,
    retry?: RetryOptions,
  ): Promise<BegunEvent> {
    if (this.#closing.signal.aborted) throw closedError();
    if (this.#catalog?.has(type)) checkKind(this.#catalog, type, kind);
    this.#catalog?.parse(type, data);
    return this.#wire.mutate('INVALID_EVENT', `begin.${type}`, { ...more, data }, retry);
  }
}
