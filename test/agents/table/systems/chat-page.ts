import { Chat } from '@ai-sdk/react';
import type { ChatTransport, UIMessage } from 'ai';
import { isToolUIPart } from 'ai';
import { type ShownPart, written } from '../stand-in/script.ts';
import type { Page, Told } from './system.ts';

export interface ChatPageOptions {
  transport: ChatTransport<UIMessage>;
  /** Messages that the page is rendered with, as `useChat({ messages })` has them. */
  messages(): Promise<UIMessage[]>;
  /** `useChat({ resume })`: looks for a stream that runs when the page is loaded. */
  resume: boolean;
  /** Done by the stop button before `chat.stop()`. */
  beforeStop?(chat: Chat<UIMessage>): Promise<void>;
  /** Says what a data part tells. */
  toldBy?(part: { type: string; data?: unknown }): Told | undefined;
  /** Says what an error tells. */
  toldByError?(error: Error): Told;
  /** The page keeps up with what other pages begin and stop. */
  keepUp?(chat: Chat<UIMessage>): void;
  dispose?(): Promise<void>;
}

/** A page of the AI SDK: the `Chat` that `useChat` makes, without React around it. */
export function chatPage(id: string, options: ChatPageOptions): Page {
  let told: Told = 'nothing';
  let working = 0;
  let chat = chatOf([]);
  function chatOf(messages: UIMessage[]): Chat<UIMessage> {
    return new Chat<UIMessage>({
      id,
      messages,
      transport: options.transport,
      onError: (error) => {
        told = options.toldByError?.(error) ?? 'an error';
      },
      onFinish({ isAbort }) {
        if (isAbort) told = 'the run was stopped';
      },
      onData: (part) => {
        told = options.toldBy?.(part) ?? told;
      },
    });
  }
  const work = (done: Promise<unknown>): void => {
    working++;
    const failed = (): void => {
      told = 'an error';
    };
    void done.catch(failed).finally(() => working--);
  };
  return {
    send: () => work(chat.sendMessage({ text: 'Tea, please.' })),
    load() {
      const load = async () => {
        chat = chatOf(await options.messages());
        options.keepUp?.(chat);
        if (options.resume) await chat.resumeStream(); // in an effect of useChat
      };
      work(load());
    },
    async stop() {
      await options.beforeStop?.(chat);
      await chat.stop();
    },
    shown: () => written(chat.messages.flatMap(partsOf)),
    told: () => told,
    isIdle: () => working === 0 && chat.status !== 'submitted' && chat.status !== 'streaming',
    dispose: options.dispose ?? (async () => {}),
  };
}

function partsOf({ role, parts }: UIMessage): ShownPart[] {
  if (role !== 'assistant') return [];
  return parts.flatMap((part): ShownPart[] => {
    if (part.type === 'text') return [{ text: part.text }];
    if (!isToolUIPart(part)) return [];
    const isWhole = part.state !== 'input-streaming';
    const call = { args: isWhole ? JSON.stringify(part.input) : '' };
    return part.state === 'output-available' ? [call, { result: String(part.output) }] : [call];
  });
}
