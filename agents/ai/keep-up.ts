import type { UIMessage } from 'ai';
import type { SubscriptionHandle } from '../../client/client-types.ts';
import { toError } from '../../client/failures/errors.ts';
import { placeBefore } from '../../server/runs/run-search.ts';
import type { ChatActivity } from './chat-activity.ts';
import { inputOf, withTail } from './chunks/chat-input.ts';
import { loadMessages } from './load-chat.ts';
import { type ChatClient, runningAnswer, type ShownRun } from './shown-runs.ts';

/** A chat that is kept up: what `useChat` returns, or a `Chat`. */
export interface KeptUpChat<M extends UIMessage> {
  readonly id: string;
  messages: M[];
  resumeStream(): Promise<void>;
  /** `useChat` has it. */
  setMessages?: ((messages: (messages: M[]) => M[]) => void) | undefined;
}

/** What a {@link KeepUp} works with. */
export interface KeepUpOptions {
  client: ChatClient;
  topic: string;
  activity: ChatActivity;
  onError: (error: Error) => void;
  /** Has the chat's next resumed stream be that of a run. */
  showNext: (run: ShownRun) => void;
}

/** Shows in an open page what others begin in its chat, one run after the other. */
export class KeepUp<M extends UIMessage> {
  readonly #chat: KeptUpChat<M>;
  readonly #options: KeepUpOptions;
  readonly #runs: SubscriptionHandle;
  readonly #queued = new Set<string>();
  #isOver = false;
  /** Resolves when all that was told so far is shown. */
  #last: Promise<void> = Promise.resolve();

  constructor(chat: KeptUpChat<M>, options: KeepUpOptions) {
    this.#chat = chat;
    this.#options = options;
    const { client, topic, activity, onError } = options;
    this.#runs = client.on(
      'run',
      ({ data: { run_id, input }, open, stored }, { cursor }) => {
        if (open?.state !== 'open' || activity.has(run_id) || this.#queued.has(run_id)) return;
        this.#queued.add(run_id);
        const since = stored === false ? undefined : placeBefore(cursor);
        this.#then(() => this.#show(run_id, { input, since }));
      },
      {
        topic,
        filter: { kind: 'chat' },
        onGap: ({ reason }) => {
          if (reason !== 'erased') this.#then(() => this.#loadAgain());
        },
        onError: (error, willRetry) => willRetry || onError(error),
      },
    );
  }

  end(): void {
    this.#isOver = true;
    this.#runs.unsubscribe();
  }

  #then(work: () => Promise<void>): void {
    const { activity, onError } = this.#options;
    const whenIdle = async (): Promise<void> => {
      await activity.idle();
      if (!this.#isOver) await work();
    };
    this.#last = this.#last.then(whenIdle).catch((error) => onError(toError(error)));
  }

  async #show(run: string, { input, since }: { input: unknown; since: string | undefined }): Promise<void> {
    const { client, topic, activity, showNext } = this.#options;
    this.#queued.delete(run);
    if (activity.has(run)) return; // this page has asked for it, or resumed it
    const shown = since === undefined ? await runningAnswer(client, topic, run) : { run, input, since };
    if (!shown) return this.#loadAgain();
    const asked = inputOf(input);
    if (asked) this.#setMessages((known) => withTail(known, { ...asked, messages: asked.messages as M[] }));
    showNext(shown);
    await this.#chat.resumeStream();
  }

  async #loadAgain(): Promise<void> {
    const { client, topic } = this.#options;
    const messages = await loadMessages<M>(client, topic);
    if (this.#isOver) return;
    this.#setMessages(() => messages);
    await this.#chat.resumeStream();
  }

  #setMessages(update: (messages: M[]) => M[]): void {
    const { setMessages } = this.#chat;
    if (setMessages) setMessages(update);
    else this.#chat.messages = update(this.#chat.messages);
  }
}
