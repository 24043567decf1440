import * as z from 'zod';
import type { OpenPart } from '../../shared/index.ts';
import type { Surroundings } from '../surroundings.ts';

/** The part of a line that says which open event it is of, and its state. */
export const openPart = z.object({
  id: z.string(),
  kind: z.enum(['growing', 'question', 'presence']),
  state: z.enum(['open', 'done', 'aborted', 'answered', 'withdrawn', 'expired', 'left', 'lost']),
  field: z.string().optional(),
  reason: z.string().optional(),
}) satisfies z.ZodType<OpenPart>;

/** A line, as far as it is of an event that was not complete when it was published. */
interface OfOpen {
  readonly open?: OpenPart | undefined;
  readonly answer?: unknown;
  readonly stored?: boolean | undefined;
}

/**
 * Lines on their way into a log. The settlement of an open event is complete, so it goes in; its opening does not, since an
 * open event needs an owner. All that stays out is counted, and told of at the end.
 */
export class OpenLines {
  readonly #keepsSettlements: boolean;
  /** Ids of events of which an opening came, and no settlement so far. */
  readonly #open = new Set<string>();
  #questions = 0;
  #aborted = 0;
  #unstored = 0;

  /** @param keepsSettlements true where a settlement stays one; elsewhere only a complete event goes in */
  constructor(keepsSettlements: boolean) {
    this.#keepsSettlements = keepsSettlements;
  }

  /** Number of events that stayed out. An opening whose settlement came is none. */
  get leftOut(): number {
    return this.#open.size + this.#questions + this.#unstored;
  }

  /** The line as it goes in; null for one that stays out. */
  admit<L extends OfOpen>(line: L): L | null {
    const { open, stored } = line;
    if (open === undefined || open.kind === 'presence') {
      if (stored !== false && open === undefined) return line;
      this.#unstored++;
      return null;
    }
    if (open.state === 'open') this.#open.add(open.id);
    if (open.state === 'open' || stored === false) return null;
    this.#open.delete(open.id);
    if (this.#keepsSettlements) return line;
    if (open.kind === 'growing') {
      if (open.state === 'aborted') this.#aborted++;
      return { ...line, open: undefined };
    }
    this.#questions++;
    return null;
  }

  /**
   * Tells people what stayed out, and why, and what went in as something else.
   */
  note(around: Pick<Surroundings, 'note'>, advice: Advice = {}): void {
    const tell = (what: string, count: number, events: string): void => {
      if (count > 0) around.note(`${what}: ${count} ${events}`);
    };
    const { questions = '', aborted = '' } = advice;
    tell('left out', this.#open.size, 'that were still open; an open event needs an owner');
    tell('left out', this.#questions, `settled questions; a question cannot be published${questions}`);
    tell('left out', this.#unstored, 'that no log stores, such as members who join and leave');
    tell(
      'stored as complete events',
      this.#aborted,
      `that were aborted, with the text that they had; nothing says any more that it was cut off${aborted}`,
    );
  }
}

/** Words after what is told of events, which say what to do. */
export interface Advice {
  readonly questions?: string;
  readonly aborted?: string;
}
