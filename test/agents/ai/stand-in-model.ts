import { MockLanguageModelV3 } from 'ai/test';

type Generated = Awaited<ReturnType<MockLanguageModelV3['doStream']>>['stream'];
type Part = Generated extends ReadableStream<infer P> ? P : never;

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** One call of a stand-in: the test is the model. */
export class ModelCall {
  /** The prompt, as JSON. */
  readonly prompt: string;
  /** The reason of the signal that stopped it, once one has. */
  stopped: string | undefined;
  readonly #controller: ReadableStreamDefaultController<Part>;
  #isSpeaking = false;
  #isOver = false;

  constructor(
    prompt: unknown,
    signal: AbortSignal | undefined,
    controller: ReadableStreamDefaultController<Part>,
  ) {
    this.prompt = JSON.stringify(prompt);
    this.#controller = controller;
    controller.enqueue({ type: 'stream-start', warnings: [] });
    const stop = (): void => {
      if (this.#isOver) return;
      this.stopped = String(signal?.reason);
      controller.error(signal?.reason);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  }

  /** A further piece of the text. */
  say(delta: string): void {
    if (!this.#isSpeaking) this.#controller.enqueue({ type: 'text-start', id: '0' });
    this.#isSpeaking = true;
    this.#controller.enqueue({ type: 'text-delta', id: '0', delta });
  }

  /** The beginning of a tool call's input. */
  begin(toolCallId: string, toolName: string, delta: string): void {
    this.#controller.enqueue({ type: 'tool-input-start', id: toolCallId, toolName });
    this.#controller.enqueue({ type: 'tool-input-delta', id: toolCallId, delta });
  }

  /** The tool call itself. */
  call(toolCallId: string, toolName: string, input: object): void {
    this.#controller.enqueue({ type: 'tool-input-end', id: toolCallId });
    this.#controller.enqueue({ type: 'tool-call', toolCallId, toolName, input: JSON.stringify(input) });
    this.end('tool-calls');
  }

  end(unified: 'stop' | 'tool-calls' = 'stop'): void {
    if (this.#isSpeaking) this.#controller.enqueue({ type: 'text-end', id: '0' });
    this.#controller.enqueue({ type: 'finish', finishReason: { unified, raw: unified }, usage: USAGE });
    this.#isOver = true;
    this.#controller.close();
  }

  fail(error: Error): void {
    this.#controller.error(error);
  }
}

/** A language model that says what a test has it say. */
export class StandIn {
  readonly calls: ModelCall[] = [];
  readonly model = new MockLanguageModelV3({
    doStream: async ({ prompt, abortSignal }) => ({
      stream: new ReadableStream<Part>({
        start: (controller) => void this.calls.push(new ModelCall(prompt, abortSignal, controller)),
      }),
    }),
  });

  /** The call that was made last. */
  get last(): ModelCall {
    const last = this.calls.at(-1);
    if (!last) throw new Error('The model was not called.');
    return last;
  }
}
