/** One thing that a model's stream brings: a piece of text, an error, and others that are not looked at. */
interface StreamPart {
  readonly type: string;
  /** Text of a `text-delta`. */
  readonly text?: string;
  /** The cause of an `error`. */
  readonly error?: unknown;
}

/**
 * The part of the AI SDK that is used: alike in its versions 6 and 7, whose own types of a model differ. Version 7 would
 * rather have `instructions` and `stream` for `system` and `fullStream`, which version 6 lacks; it takes both and warns of none.
 */
export interface Sdk<Model, Middleware, Wrapped> {
  readonly ai: {
    streamText(options: {
      model: Wrapped;
      system: string;
      prompt: string;
      maxOutputTokens: number;
      maxRetries: number;
      abortSignal: AbortSignal;
      onError: () => void;
    }): { readonly fullStream: AsyncIterable<StreamPart> };
    wrapLanguageModel(options: { model: Model; middleware: Middleware }): Wrapped;
    extractReasoningMiddleware(options: { tagName: string }): Middleware;
    readonly APICallError: { isInstance(error: unknown): error is { readonly statusCode?: number } };
  };
  readonly provider: {
    createOpenAICompatible(options: {
      name: string;
      baseURL: string;
      apiKey?: string;
    }): (model: string) => Model;
  };
}
