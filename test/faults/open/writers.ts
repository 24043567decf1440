import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type EventsClient } from '../../../client/index.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { SettledState } from '../../../shared/open/open-part.ts';
import { openCatalog as catalog, type OpenCatalog } from '../../open/catalog.ts';

export interface WritersOptions {
  /** One for each client, by turns. */
  urls: readonly string[];
  /** Each writer writes into one. */
  topics: readonly string[];
  /** Number of events that are open at a time: each writer writes one after another. */
  writers: number;
  /** Writers that share a client. Default 5. */
  perClient?: number;
  /** Pieces a second, appended to each event. */
  perSecond: number;
  /** Pieces of an event of the first writer; others write more, up to twice as many, so that they are not in step. */
  pieces: number;
  leaseMs: number;
  /** Beginning of the keys of its events. */
  run: string;
  /** Default true. False: what fails is given up, and nothing is begun again. */
  goesOn?: boolean;
}

/** The end of an event, as its owner was told it. */
export interface Told {
  readonly id: string;
  readonly key: string;
  readonly topic: string;
  readonly state: SettledState;
  /** Number of pieces that it has; absent where somebody else has settled it. */
  readonly pieces?: number;
}

/** Some writers, wherever they run. */
export interface Writing extends AsyncDisposable {
  readonly told: readonly Told[];
  /** Pieces given to events so far. */
  readonly pieces: number;
  /** Times that an event was begun again under its key, and went on after the text that it had. */
  readonly resumed: number;
  /** Times that an event was gone with its log, and begun anew. */
  readonly lost: number;
  /** Errors that no fault explains. */
  readonly errors: readonly string[];
  /** Each writer settles what it writes. */
  stop(): Promise<void>;
}

/** The text of so many pieces. */
export function textOf(pieces: number): string {
  return Array.from({ length: pieces }, (_, n) => pieceOf(n)).join('');
}

/** Number of pieces in a text of some length. */
function piecesIn(length: number): number {
  let pieces = 0;
  for (let rest = length; rest > 0; pieces++) rest -= pieceOf(pieces).length;
  return pieces;
}

function pieceOf(n: number): string {
  return `${n} `;
}

/** Errors after which an owner begins its event again: it cannot know what became of its call, or what is there now. */
const BEGINS_AGAIN = ['UNAVAILABLE', 'OVERLOADED', 'CONFLICT'];

/**
 * Owners of growing events. One whose node is gone goes on at another; begun again under its key, also by a successor of its
 * run, it is the same event.
 */
export class Writers implements Writing {
  readonly told: Told[] = [];
  readonly errors: string[] = [];
  pieces = 0;
  resumed = 0;
  lost = 0;
  readonly #options: WritersOptions;
  readonly #clients: EventsClient<OpenCatalog>[];
  readonly #done: Promise<unknown>;
  #isStopping = false;

  constructor(options: WritersOptions) {
    const { writers, perClient = 5, urls } = options;
    this.#options = options;
    this.#clients = Array.from({ length: Math.ceil(writers / perClient) }, (_, index) =>
      createClient({ url: urls[index % urls.length] ?? '', catalog }),
    );
    this.#done = Promise.all(
      Array.from({ length: writers }, (_, n) => this.#write(n)).map((writing) =>
        writing.catch((error) => this.errors.push(String(error))),
      ),
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#done;
  }

  async #write(n: number): Promise<void> {
    const { topics, run, pieces, goesOn = true } = this.#options;
    const most = Math.ceil(pieces * (1 + (n % 4) / 4));
    const client = this.#clients[n % this.#clients.length];
    const topic = topics[n % topics.length];
    if (!client || topic === undefined) throw new Error('There is no client, or no topic');
    for (let count = 0; !this.#isStopping; count++) {
      const event = { key: `${run}-${n}-${count}`, topic, given: 0, most };
      while (!(await this.#isOver(client, event))) if (!goesOn) return;
    }
  }

  /** Writes an event from where it is. @returns false if it has to be begun again */
  async #isOver(
    client: EventsClient<OpenCatalog>,
    event: { key: string; topic: string; given: number; most: number },
  ): Promise<boolean> {
    const { perSecond, leaseMs } = this.#options;
    const { key, topic } = event;
    let id = '';
    const tell = (state: SettledState, more: Pick<Told, 'pieces'> = {}) =>
      this.told.push({ id, key, topic, state, ...more }) > 0;
    try {
      const begun = await client.begin('reply', { agent_id: key, text: '' }, { topic, key, leaseMs });
      ({ id } = begun);
      if (begun.settled) return tell(begun.settled.state);
      const { resumed, length = 0 } = begun;
      if (resumed && length > 0) this.resumed++;
      event.given = Math.max(event.given, piecesIn(length));
      let failure: unknown;
      const append = (text: string) =>
        void begun.append(text).catch((error) => {
          failure ??= error;
        });
      append(textOf(event.given).slice(length));
      while (event.given < event.most && !this.#isStopping && failure === undefined) {
        await sleep(1000 / perSecond);
        append(pieceOf(event.given++));
        this.pieces++;
      }
      await begun.done();
      return tell('done', { pieces: event.given });
    } catch (error) {
      if (!(error instanceof EventsError)) throw error;
      const { code, settled } = error;
      if (settled) return tell(settled.state);
      if (code === 'NOT_OPEN') this.lost++;
      else if (code === 'CLOSED') return true;
      else if (!BEGINS_AGAIN.includes(code)) throw error;
      return false;
    }
  }
}
