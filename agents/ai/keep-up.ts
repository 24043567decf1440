import type { UIMessage } from 'ai';
import type { SubscriptionHandle } from '../../client/client-types.ts';
import { toError } from '../../client/failures/errors.ts';
import { placeBefore } from '../../server/runs/run-search.ts';
import type { ChatActivity } from './chat-activity.ts';
import { inputOf, isBehind, withTail } from './chunks/chat-input.ts';
import { wasLeftOut } from './log/left-out.ts';
import { loadMessages } from './log/load-chat.ts';
import { newestAnswer } from './log/newest-answer.ts';
import { type ChatClient, runningAnswer, type ShownRun } from './log/running-answer.ts';

/** A chat that is kept up: what `useChat` returns, or a `Chat`. */
export interface KeptUpChat<M extends UIMessage> {
  readonly id: string;
  messages: M[];
  resumeStream(): Promise<void>;
  /** `useChat` has it. */
  setMessages?: ((messages: (messages: M[]) => M[]) => void) | undefined;
}

/** Parts that a {@link KeepUp} works with. */
export interface KeepUpOptions {
  client: ChatClient;
  topic: string;
  activity: ChatActivity;
  onError: (error: Error) => void;
  /** Has the chat's next resumed stream be that of a run. */
  showNext: (run: ShownRun) => void;
}

/**
 * One step of what is shown, in a chat that is idle.
 * @param isCurrent false once the chat has asked for a stream beside this step, or it is over: what was read before is old then
 * @returns false where the chat's own stream was in the way: it is taken again when that is over
 */
type Step = (isCurrent: () => boolean) => Promise<boolean>;

/**
 * Shows in an open page what others do in its chat, one run after the other: at first what came after the page's messages
 * were loaded, and then what comes.
 */
export class KeepUp<M extends UIMessage> {
  readonly #chat: KeptUpChat<M>;
  readonly #options: KeepUpOptions;
  readonly #runs: SubscriptionHandle;
  /** Runs that wait to be shown. */
  readonly #queued = new Set<string>();
  /** Runs that wait or were told since, in the order of their beginning. */
  readonly #told = new Set<string>();
  #isOver = false;
  /** Resolves when all that was told so far is shown. */
  #last: Promise<void> = Promise.resolve();

  constructor(chat: KeptUpChat<M>, options: KeepUpOptions) {
    this.#chat = chat;
    this.#options = options;
    const { client, topic, activity, onError } = options;
    void this.#then((isCurrent) => this.#catchUp(isCurrent));
    this.#runs = client.on(
      'run',
      ({ data: { run_id, input }, open, stored }, { cursor }) => {
        if (open?.state !== 'open') return;
        if (this.#queued.size === 0) this.#told.clear();
        this.#told.add(run_id);
        if (activity.has(run_id) || this.#queued.has(run_id)) return;
        this.#queued.add(run_id);
        const since = stored === false ? undefined : placeBefore(cursor);
        const step: Step = (isCurrent) => this.#show(run_id, { input, since }, isCurrent);
        void this.#then(step).then(() => this.#queued.delete(run_id));
      },
      {
        topic,
        filter: { kind: 'chat' },
        onGap: ({ reason }) => {
          if (reason !== 'erased') void this.#then((isCurrent) => this.#loadAgain(isCurrent));
        },
        onError: (error, willRetry) => willRetry || onError(error),
      },
    );
  }

  end(): void {
    this.#isOver = true;
    this.#runs.unsubscribe();
  }

  /** @returns a promise that resolves when the step was taken, or has failed */
  #then(step: Step): Promise<void> {
    const { activity, onError } = this.#options;
    const whenIdle = async (): Promise<void> => {
      let isDone = false;
      while (!isDone) {
        await activity.idle();
        if (this.#isOver) return;
        const { begun } = activity;
        isDone = await step(() => !this.#isOver && activity.begun === begun);
      }
    };
    this.#last = this.#last.then(whenIdle).catch((error) => onError(toError(error)));
    return this.#last;
  }

  /** A run that has ended between the loading of the page's messages and the beginning of this is told by neither. */
  async #catchUp(isCurrent: () => boolean): Promise<boolean> {
    const { client, topic, activity } = this.#options;
    const isTold = await this.#runs.ready.then(
      () => true,
      () => false, // the subscription's errors are told
    );
    if (!isTold || !isCurrent()) return !isTold;
    const newest = await newestAnswer(client, topic);
    if (!isCurrent()) return false;
    const input = inputOf(newest?.input);
    if (!newest || !input) return true;
    const isShown = newest.state === 'running' || activity.has(newest.run);
    return isBehind(this.#messages(), input, newest.run, isShown) ? this.#loadAgain(isCurrent) : true;
  }

  async #show(
    run: string,
    { input, since }: { input: unknown; since: string | undefined },
    isCurrent: () => boolean,
  ): Promise<boolean> {
    const { client, topic, activity, showNext } = this.#options;
    if (this.#isLate(run)) {
      const isDone = await this.#loadAgain(isCurrent);
      return isDone && !wasLeftOut(client, run); // once it has ended, the log tells its place
    }
    if (activity.has(run)) return true; // this page has asked for it, or resumed it
    const shown = since === undefined ? await runningAnswer(client, topic, run) : { run, input, since };
    if (!isCurrent()) return false;
    if (!shown) return this.#loadAgain(isCurrent);
    const asked = inputOf(input);
    if (asked) this.#setMessages((known) => withTail(known, { ...asked, messages: asked.messages as M[] }));
    showNext(shown);
    return this.#resume();
  }

  /** Tells if a run is shown that was begun after another: shown now, that would cut it off. */
  #isLate(run: string): boolean {
    const told = [...this.#told];
    return told.slice(told.indexOf(run) + 1).some((later) => this.#options.activity.has(later));
  }

  async #loadAgain(isCurrent: () => boolean): Promise<boolean> {
    const { client, topic } = this.#options;
    const { messages } = await loadMessages<M>(client, topic);
    if (!isCurrent()) return false;
    this.#setMessages(() => messages);
    return this.#resume();
  }

  /** @returns false where the page has asked for an answer meanwhile */
  async #resume(): Promise<boolean> {
    const { activity } = this.#options;
    const { sent } = activity;
    await activity.untilSent(this.#chat.resumeStream());
    return activity.sent === sent;
  }

  /** Messages as they are now: the object that `useChat` has returned has those of then. */
  #messages(): M[] {
    let { messages } = this.#chat;
    this.#chat.setMessages?.((known) => {
      messages = known;
      return known;
    });
    return messages;
  }

  #setMessages(update: (messages: M[]) => M[]): void {
    const { setMessages } = this.#chat;
    if (setMessages) setMessages(update);
    else this.#chat.messages = update(this.#chat.messages);
  }
}
