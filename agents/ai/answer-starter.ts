import { placeBefore } from '../../server/runs/run-search.ts';
import type { RunContext } from '../../server/runs/run-work.ts';
import { type Run, type Runs, runs, type StartOptions } from '../../server/runs/runs.ts';
import { EventsError } from '../../shared/errors.ts';
import type { EventInput } from '../../shared/events.ts';
import type { Clock } from '../../shared/timing.ts';
import { refuse } from '../stream/refusal.ts';
import { type ChatInput, continuedBy, inputOf, tailOf } from './chunks/chat-input.ts';
import type { ChatCatalog, ChatManager, ChatRequest } from './log/chat-events.ts';

/** Most runs that one answer is gone on with from the same place, each after the one before did not end well. */
const MAX_ATTEMPTS = 100;

/** Writes one answer. */
export type AnswerWork = (run: RunContext<ChatCatalog>, input: ChatInput) => Promise<void>;

/** A request's way to this process. */
export interface Asked {
  /** The topic that it came in. */
  topic: string;
  /** Id of the subject that asks. */
  by: string | undefined;
  write: AnswerWork;
}

type Json = NonNullable<StartOptions['input']>;

interface Options {
  topicOf: (chat: string) => string;
  leaseMs: number | undefined;
  clock: Clock;
}

/** Starts the runs that are asked for, each once, and tells whoever asked. */
export class AnswerStarter {
  readonly #manager: ChatManager;
  readonly #options: Options;

  constructor(manager: ChatManager, options: Options) {
    this.#manager = manager;
    this.#options = options;
  }

  async start(request: ChatRequest, asked: Asked): Promise<void> {
    const { topic } = asked;
    const { run_id, chat } = request;
    const tell = async (told: Omit<EventInput<'chat_accepted', ChatCatalog>, 'request'>): Promise<void> => {
      await this.#manager.publish('chat_accepted', { request: run_id, ...told }, { topic });
    };
    let run: Run;
    try {
      if (this.#options.topicOf(chat) !== topic)
        throw new EventsError('INVALID_TOPIC', `Chat ${chat} is not of topic ${topic}.`);
      run = await this.#started(request, asked);
    } catch (error) {
      const { logger } = this.#manager;
      return refuse(error, { logger, topic, run: run_id }, (refusal) => tell({ error: refusal }));
    }
    await tell({ run: run.id, since: placeBefore(run.cursor) });
  }

  async #started(
    { chat, run_id, trigger, message, messages }: ChatRequest,
    { topic, by, write }: Asked,
  ): Promise<Run> {
    const { leaseMs, clock } = this.#options;
    const all = runs<ChatCatalog>(this.#manager, { topic, leaseMs, clock });
    const continued = continuedBy(messages, trigger, message);
    const tail = tailOf(messages, continued);
    const start = (id: string) => {
      const input: ChatInput = { chat, trigger, request: run_id, answer: continued ?? id, ...tail };
      // Whatever its messages hold is JSON: that is checked when it is begun.
      return all.start((run) => write(run, input), { id, kind: 'chat', input: input as object as Json, by });
    };
    if (continued === undefined) return start(run_id);
    return oneOf(all, start, { name: continuationOf(tail.messages[0]) ?? run_id, request: run_id });
  }
}

/**
 * The run that goes on with an answer: several pages may ask for it at once, each after it has run the same tool. One that did
 * not end well is followed by another, but not for the request that it was begun for, which a page makes again where no word of
 * the run has come.
 */
async function oneOf(
  all: Runs<ChatCatalog>,
  start: (id: string) => Promise<Run>,
  { name, request }: { name: string; request: string },
): Promise<Run> {
  for (let attempt = 1; ; attempt++) {
    const id = attempt === 1 ? name : `${name}.${attempt}`;
    const run = await start(id);
    if (run.started || attempt === MAX_ATTEMPTS) return run;
    const { state, input } = (await all.status(id)) ?? {};
    const isUnwell = state === 'failed' || state === 'stopped' || state === 'lost';
    if (!isUnwell || inputOf(input)?.request === request) return run;
  }
}

/** A name of the run that goes on with an answer as it is: the same wherever that is asked for. Undefined where its id is too long. */
function continuationOf(answer: ChatInput['messages'][number] | undefined): string | undefined {
  if (!answer || answer.id.length > 80) return undefined;
  const told = answer.parts.filter((part) => 'toolCallId' in part && /^output|responded$/.test(part.state));
  return `${answer.id}.${answer.parts.length}-${told.length}`;
}
