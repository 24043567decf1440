/** An error as the runner is told of it. */
export interface ToldError {
  reason: string | null;
  message: string;
  issues?: readonly { path: (string | number)[]; message: string }[];
}

export interface Item {
  readonly event_type: string;
  readonly topic?: string | undefined;
  readonly data: unknown;
  readonly open?:
    | { readonly id: string; readonly state: string; readonly field?: string | undefined }
    | undefined;
  readonly answer?: unknown;
}

/** Takes what comes of a subscription. */
export interface Listener {
  item(item: Item): void;
  /** The subscription has ended. */
  error(error: unknown): void;
}

/** A growing event that a client has begun. */
export interface Writing {
  append(text: string): Promise<unknown>;
  done(): Promise<unknown>;
}

/** A client, as the harness of docs/clients.md drives it. */
export interface Adapter {
  /** @param gaveUp told if it connects no more, and the close code that it saw */
  connect(
    asked: { url: string; tokens?: string[]; version?: string },
    gaveUp: (code: number | null) => void,
  ): void;
  /** @returns what ends it */
  subscribe(type: string, input: object, listener: Listener): () => void;
  publish(type: string, data: object, topic: string): Promise<unknown>;
  history(input: object): Promise<unknown>;
  answer(type: string, id: string, answer: object, topic: string): Promise<unknown>;
  begin(type: string, data: object, topic: string): Promise<Writing>;
  close(): Promise<void>;
}

/** A client and what it can do. */
export interface Subject {
  readonly client: string;
  readonly capabilities: readonly string[];
  readonly adapter: Adapter;
  toTold(error: unknown): ToldError;
}

type Texts = 'do' | 'subscription' | 'type' | 'topic' | 'url' | 'open' | 'event' | 'text';
type Command = { id: number } & Record<Texts, string> & Record<'input' | 'data' | 'answer', object>;

/**
 * Says hello for a client, wherever it runs.
 * @param write takes a line for the runner
 * @param more fields of the hello
 * @returns does what a line of the runner asks for
 */
export function drive(
  { client, capabilities, adapter, toTold }: Subject,
  write: (line: string) => void,
  more: { origin?: string } = {},
): (line: string) => void {
  const ends = new Map<string, () => void>();
  const events = new Map<string, Writing>();
  // Dates as ISO texts, bigints as digits.
  const say = (line: object): void =>
    write(JSON.stringify(line, (_key, value) => (typeof value === 'bigint' ? String(value) : value)));
  const run = async (command: Command): Promise<unknown> => {
    const { subscription, type, topic, input, data, event } = command;
    if (command.do === 'connect') return adapter.connect(command, (code) => say({ closed: { code } }));
    if (command.do === 'publish') return adapter.publish(type, data, topic);
    if (command.do === 'history') return adapter.history(input);
    if (command.do === 'answer') return adapter.answer(type, command.open, command.answer, topic);
    if (command.do === 'append') return events.get(event)?.append(command.text);
    if (command.do === 'done') return events.get(event)?.done();
    if (command.do === 'begin') return void events.set(event, await adapter.begin(type, data, topic));
    if (command.do === 'close') return adapter.close();
    if (command.do === 'unsubscribe') return ends.get(subscription)?.();
    const listener: Listener = {
      item: (item) => say({ subscription, item }),
      error: (error) => say({ subscription, error: toTold(error) }),
    };
    ends.set(subscription, adapter.subscribe(type, input, listener));
    return null;
  };
  say({ client, protocol: 1, capabilities, ...more });
  return (line) => {
    const command: Command = JSON.parse(line);
    run(command).then(
      (result) => say({ id: command.id, result: result ?? null }),
      (error: unknown) => say({ id: command.id, error: toTold(error) }),
    );
  };
}

/** The tokens of a client, one for each connection; the last one stays. */
export function nextOf(tokens: string[]): string {
  return (tokens.length > 1 ? tokens.shift() : tokens[0]) ?? '';
}
