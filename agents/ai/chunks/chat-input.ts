import type { UIMessage } from 'ai';
import { isRecord } from '../../../shared/wire/shapes.ts';

/** Input of a chat's run, as its opening has it: enough to rebuild the chat of the openings and answers of its runs. */
export interface ChatInput<M extends UIMessage = UIMessage> {
  /** Id of the chat. */
  chat: string;
  trigger: 'submit-message' | 'regenerate-message';
  /** `run_id` of the request: made again, it is answered by the same run. Logs of earlier versions have none. */
  request?: string;
  /** Id of the message that is answered: a new one, or one of `messages` that the answer goes on with. */
  answer: string;
  /** Id of the message before the first of `messages`; null at the beginning of the chat. */
  after: string | null;
  /** The messages that the chat ends with from here on, and that its log may not have yet. */
  messages: M[];
}

/** The input of a chat's run, as it was stored; undefined where it is not known, or is none: any run may call its kind `chat`. */
export function inputOf(input: unknown): ChatInput | undefined {
  if (!isRecord(input) || !Array.isArray(input['messages'])) return undefined;
  return input['messages'].every(isMessage) ? (input as object as ChatInput) : undefined; // as the server wrote it
}

function isMessage(message: unknown): boolean {
  if (!isRecord(message) || typeof message['id'] !== 'string') return false;
  return Array.isArray(message['parts']) && message['parts'].every(isRecord);
}

/** Messages that a request may add to the chat's log, and the place where they follow. */
export type ChatTail<M extends UIMessage> = Pick<ChatInput<M>, 'after' | 'messages'>;

/**
 * The end of a chat's messages that its log may not have: those after its last answer; or that answer, and what follows it,
 * where the request goes on with it.
 * @param continued id of the answer that the request goes on with
 */
export function tailOf<M extends UIMessage>(
  messages: readonly M[],
  continued: string | undefined,
): ChatTail<M> {
  const first =
    continued === undefined
      ? messages.findLastIndex(({ role }) => role === 'assistant') + 1
      : messages.findIndex(({ id }) => id === continued);
  // A regenerated first question has no answer before it, but one that is asked again stays in the log as it was.
  const start = Math.max(0, Math.min(first, messages.length - 1));
  return { after: messages[start - 1]?.id ?? null, messages: messages.slice(start) };
}

/**
 * Id of the answer that a request goes on with: its last message, or one that it names, if that is an answer.
 * @param messageId the message that the request names
 */
export function continuedBy(
  messages: readonly UIMessage[],
  trigger: ChatInput['trigger'],
  messageId: string | undefined,
): string | undefined {
  if (trigger === 'regenerate-message') return undefined;
  const named = messages.find(({ id }) => id === messageId);
  const message = named?.role === 'assistant' ? named : messages.at(-1);
  return message?.role === 'assistant' ? message.id : undefined;
}

/**
 * A chat's messages from the opening of a run on: what the request has cut off is gone, be it by an edit or to be
 * regenerated. Messages of the request that are known are replaced.
 */
export function withTail<M extends UIMessage>(known: readonly M[], { after, messages }: ChatTail<M>): M[] {
  const first = known.findIndex(({ id }) => id === messages[0]?.id);
  const before = known.findIndex(({ id }) => id === after);
  // After a message that the log has lost, or never had, all goes on at the end.
  const end = first >= 0 ? first : after === null ? 0 : before >= 0 ? before + 1 : known.length;
  return [...known.slice(0, end), ...messages];
}

/**
 * Tells if messages lack something of the chat's newest run: its request, that which it follows, or its answer.
 * @param isShown the answer is shown elsewhere, or is not there yet
 */
export function isBehind(
  known: readonly UIMessage[],
  input: ChatInput,
  run: string,
  isShown: boolean,
): boolean {
  const { after, answer } = input;
  if (after !== null && !known.some(({ id }) => id === after)) return true;
  if (answer !== run) return !isShown; // it went on with an answer, which is told whole with it
  const asked = known.filter(({ id }) => id !== answer);
  if (!isShown && asked.length === known.length) return true;
  return JSON.stringify(withTail(asked, input)) !== JSON.stringify(asked);
}

/** Messages with one in the place of that with its id, or at the end. */
export function withMessage<M extends UIMessage>(known: readonly M[], message: M): M[] {
  const place = known.findIndex(({ id }) => id === message.id);
  return place < 0 ? [...known, message] : known.with(place, message);
}
