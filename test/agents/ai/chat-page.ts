import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { type BuiltPage, buildPage } from '../../setup/build-page.ts';
import { openContext } from '../../setup/chromium.ts';
import type { ChatPage } from './page/main.tsx';

/** Packages of the pages with version 6 of the SDK. */
const SIX = { '@ai-sdk/react': 'ai-sdk-react-3', ai: 'ai-6' };

/** The page, with one version of the SDK. */
export function buildChatPage(version: 'ai 7' | 'ai 6'): Promise<BuiltPage> {
  return buildPage('test/agents/ai/page', 'development', version === 'ai 6' ? SIX : {});
}

/** A tab with the page. */
export class ChatTab implements AsyncDisposable {
  readonly #page: Page;
  /** Errors that the page has thrown. */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.#page = page;
    page.on('pageerror', ({ message }) => this.complaints.push(message));
  }

  /** @param query `resume`, `follow`, `strict`, `here=…`: see page/main.tsx */
  static async open(url: string, query: string): Promise<ChatTab> {
    const context = await openContext();
    const tab = new ChatTab(await context.newPage());
    await tab.#page.goto(`${url}/?${query}`);
    await tab.loaded();
    return tab;
  }

  async loaded(): Promise<void> {
    await this.#page.waitForFunction(() => window.chatPage !== undefined);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
    await this.loaded();
  }

  read<K extends keyof ChatPage>(key: K): Promise<ChatPage[K]> {
    return this.#page.evaluate((name) => window.chatPage[name], key) as Promise<ChatPage[K]>;
  }

  /** Waits until a value of the page is as it is said to be. */
  see<K extends Exclude<keyof ChatPage, 'chat'>>(key: K) {
    return expect.poll(() => this.read(key), { interval: 50 });
  }

  send(text: string, messageId?: string): Promise<void> {
    return this.#page.evaluate(
      (message) => void window.chatPage.chat.sendMessage(message),
      messageId === undefined ? { text } : { text, messageId },
    );
  }

  do(verb: 'stop' | 'regenerate' | 'resumeStream' | 'sendMessage'): Promise<void> {
    return this.#page.evaluate((name) => void window.chatPage.chat[name](), verb);
  }

  output(toolCallId: string, output: string): Promise<void> {
    return this.#page.evaluate((given) => void window.chatPage.chat.addToolOutput(given), {
      tool: 'where',
      toolCallId,
      output,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.context().close();
  }
}
