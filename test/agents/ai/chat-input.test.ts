import type { UIMessage } from 'ai';
import { expect, test } from 'vitest';
import {
  type ChatInput,
  continuedBy,
  tailOf,
  withMessage,
  withTail,
} from '../../../agents/ai/chunks/chat-input.ts';

/** A message: `u` those of a user, `a` answers. */
function message(id: string, text = id): UIMessage {
  return { id, role: id.startsWith('a') ? 'assistant' : 'user', parts: [{ type: 'text', text }] };
}

const chat = (ids: string): UIMessage[] =>
  ids
    .split(' ')
    .filter(Boolean)
    .map((id) => message(id));
const idsOf = (messages: readonly UIMessage[]): string => messages.map(({ id }) => id).join(' ');

/** The log's view of a chat after a request with these messages. */
function after(
  known: UIMessage[],
  asked: UIMessage[],
  trigger: ChatInput['trigger'] = 'submit-message',
  messageId?: string,
) {
  return withTail(known, tailOf(asked, continuedBy(asked, trigger, messageId)));
}

test('a request carries the messages after the last answer, and names the one before', () => {
  expect(tailOf(chat('u1'), undefined)).toEqual({ after: null, messages: chat('u1') });
  expect(tailOf(chat('u1 a1 u2'), undefined)).toEqual({ after: 'a1', messages: chat('u2') });
  expect(tailOf(chat('u1 a1 u2 u3'), undefined)).toEqual({ after: 'a1', messages: chat('u2 u3') });
  expect(tailOf(chat('u1 a1'), 'a1')).toEqual({ after: 'u1', messages: chat('a1') });
  expect(tailOf(chat('u1 a1'), undefined)).toEqual({ after: 'u1', messages: chat('a1') });
});

test('a request whose last message is an answer goes on with it, unless it is to be made again', () => {
  expect(continuedBy(chat('u1 a1'), 'submit-message', undefined)).toBe('a1');
  expect(continuedBy(chat('u1 a1'), 'submit-message', 'a1')).toBe('a1');
  expect(continuedBy(chat('u1 a1 u2 a2'), 'submit-message', 'a1')).toBe('a1');
  expect(continuedBy(chat('u1 a1 u2'), 'submit-message', undefined)).toBeUndefined();
  expect(continuedBy(chat('u1 a1 u2'), 'submit-message', 'u2')).toBeUndefined();
  expect(continuedBy(chat('u1 a1'), 'regenerate-message', 'a1')).toBeUndefined();
});

test('a chat grows by its requests', () => {
  expect(idsOf(after([], chat('u1')))).toBe('u1');
  expect(idsOf(after(chat('u1 a1'), chat('u1 a1 u2')))).toBe('u1 a1 u2');
  expect(idsOf(withMessage(chat('u1'), message('a1')))).toBe('u1 a1');
});

test('an edit cuts the chat after the message, and replaces it', () => {
  const edited = [message('u1'), message('a1'), message('u2', 'better')];
  const known = after(chat('u1 a1 u2 a2 u3 a3'), edited, 'submit-message', 'u2');
  expect(known).toEqual(edited);
  expect(after(chat('u1 a1 u2 a2'), [message('u1', 'better')], 'submit-message', 'u1')).toEqual([
    message('u1', 'better'),
  ]);
});

test('regeneration cuts the chat before the answer', () => {
  expect(idsOf(after(chat('u1 a1 u2 a2'), chat('u1 a1 u2'), 'regenerate-message'))).toBe('u1 a1 u2');
  expect(idsOf(after(chat('u1 a1 u2 a2'), chat('u1'), 'regenerate-message', 'a1'))).toBe('u1');
});

test('a request that goes on with an answer replaces it, with the outputs of its tools', () => {
  const told = message('a1', 'with an output');
  expect(after(chat('u1 a1'), [message('u1'), told])).toEqual([message('u1'), told]);
  expect(withMessage(chat('u1 a1 u2'), told)).toEqual([message('u1'), told, message('u2')]);
});

test('messages that the log does not know are no reason to lose those that it knows', () => {
  // A greeting that no request has brought, and a log that was trimmed.
  expect(idsOf(after([], chat('a0 u1')))).toBe('u1');
  expect(idsOf(after(chat('u1 a1'), chat('a0 u1 a1 u2')))).toBe('u1 a1 u2');
  expect(idsOf(after(chat('u1 a1'), chat('a0 u1'), 'regenerate-message'))).toBe('u1');
  expect(idsOf(after(chat('u5 a5'), chat('u1 a1 u2')))).toBe('u5 a5 u2');
  // A chat that its page has emptied begins anew.
  expect(idsOf(after(chat('u1 a1'), chat('u9')))).toBe('u9');
});
