import { type BaseEvent, EventType } from '@ag-ui/core';
import * as fc from 'fast-check';

/** One choice of the agent that is made up: what it does, on which of the things that it could be done to, and words. */
export interface Choice {
  readonly does: number;
  readonly which: number;
  readonly text: string;
  readonly more: boolean;
}

/** Choices of one run, and its end. */
export interface RunPlan {
  readonly choices: readonly Choice[];
  readonly end: 'finished' | 'result' | 'interrupt' | 'error' | 'none';
}

const text = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', '\n', 'é', '😀', '"', '{', '-'),
  maxLength: 12,
});

const choice: fc.Arbitrary<Choice> = fc.record({
  does: fc.nat(31),
  which: fc.nat(30),
  text,
  more: fc.boolean(),
});

export const plans: fc.Arbitrary<RunPlan[]> = fc.array(
  fc.record({
    choices: fc.array(choice, { maxLength: 30 }),
    end: fc.constantFrom('finished', 'finished', 'result', 'interrupt', 'error', 'none'),
  }),
  { minLength: 1, maxLength: 3 },
);

type Thing = Record<string, unknown>;

/** Something that was opened, and whose it is. */
interface Known {
  readonly id: string;
  readonly owner: Thing;
}

/** Events of things of a kind. */
interface Kind {
  readonly kind: string;
  readonly field: string;
  readonly opens: EventType;
  readonly grows?: EventType;
  readonly closes: EventType;
}

const TEXT: Kind = {
  kind: 'text',
  field: 'messageId',
  opens: EventType.TEXT_MESSAGE_START,
  grows: EventType.TEXT_MESSAGE_CONTENT,
  closes: EventType.TEXT_MESSAGE_END,
};
const TOOL: Kind = {
  kind: 'tool',
  field: 'toolCallId',
  opens: EventType.TOOL_CALL_START,
  grows: EventType.TOOL_CALL_ARGS,
  closes: EventType.TOOL_CALL_END,
};
const SPAN: Kind = {
  kind: 'span',
  field: 'messageId',
  opens: EventType.REASONING_START,
  closes: EventType.REASONING_END,
};
const THOUGHT: Kind = {
  kind: 'thought',
  field: 'messageId',
  opens: EventType.REASONING_MESSAGE_START,
  grows: EventType.REASONING_MESSAGE_CONTENT,
  closes: EventType.REASONING_MESSAGE_END,
};

/** The events of a run that keeps AG-UI's rules, made of choices. @param run its number in the thread */
export class RandomRun {
  readonly events: BaseEvent[] = [];
  readonly #run: number;
  /** Things that are open → the event that closes each. */
  readonly #open = new Map<string, BaseEvent>();
  readonly #messages: Known[] = [];
  readonly #calls: Known[] = [];
  readonly #reasoning: Known[] = [];
  readonly #activities: Known[] = [];
  readonly #subagents: string[] = [];
  #ids = 0;
  #hasList = false;

  constructor(run: number, { choices, end }: RunPlan) {
    this.#run = run;
    for (const each of choices) this.#choose(each);
    if (end === 'error') this.#say(EventType.RUN_ERROR, { message: 'It broke', code: 'BROKEN' });
    else {
      for (const closing of [...this.#open.values()].reverse()) this.events.push(closing);
      const ids = { threadId: 't', runId: `run-${run}` };
      if (end === 'finished') this.#say(EventType.RUN_FINISHED, ids);
      if (end === 'result') this.#say(EventType.RUN_FINISHED, { ...ids, result: { sum: 42 } });
      const interrupts = [{ id: `i-${run}`, reason: 'approval' }];
      if (end === 'interrupt')
        this.#say(EventType.RUN_FINISHED, { ...ids, outcome: { type: 'interrupt', interrupts } });
    }
  }

  #say(type: EventType, fields: Thing, metadata?: Thing): void {
    this.events.push({ type, ...fields, ...(metadata && { metadata }) });
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `${kind}-${this.#run}-${this.#ids}`;
  }

  /** An owner for what is new: the agent itself, or a subagent that runs. */
  #owner({ which }: Choice): Thing {
    const running = this.#subagents.filter((id) => this.#open.has(`subagent ${id}`));
    const id = which % 3 === 0 ? running[which % Math.max(1, running.length)] : undefined;
    return id === undefined ? {} : { subagentRunId: id };
  }

  #openOf(kind: string, { which }: Choice): string | undefined {
    const names = [...this.#open.keys()].filter((name) => name.startsWith(`${kind} `));
    return names[which % Math.max(1, names.length)]?.slice(kind.length + 1);
  }

  #bracket(choice: Choice, { kind, opens, closes, field }: Kind, of: Known[], more: Thing = {}): void {
    const { which, more: again, text: word } = choice;
    const closed = of.filter(({ id }) => !this.#open.has(`${kind} ${id}`));
    const known = again && which % 4 === 0 ? closed[which % Math.max(1, closed.length)] : undefined;
    const one = known ?? { id: this.#id(kind), owner: this.#owner(choice) };
    if (!known) of.push(one);
    const isTagged = !known || which % 8 === 0;
    this.#open.set(`${kind} ${one.id}`, { type: closes, [field]: one.id });
    const owner = isTagged ? one.owner : {};
    this.#say(opens, { [field]: one.id, ...more, ...owner }, again ? { opened: word } : undefined);
  }

  #grow(choice: Choice, { kind, grows, field }: Kind, of: Known[]): void {
    const id = this.#openOf(kind, choice);
    if (id === undefined || !grows) return;
    const { which, text: delta } = choice;
    const owner = which % 5 === 0 ? of.find((one) => one.id === id)?.owner : undefined;
    const metadata = which % 7 === 0 ? { grown: delta } : undefined;
    this.#say(grows, { [field]: id, delta, ...owner }, metadata);
  }

  #close(choice: Choice, kind: string): void {
    const id = this.#openOf(kind, choice);
    const closing = id === undefined ? undefined : this.#open.get(`${kind} ${id}`);
    if (!closing) return;
    this.#open.delete(`${kind} ${id}`);
    this.events.push({ ...closing, ...(choice.more && { metadata: { tokens: choice.which } }) });
  }

  #choose(choice: Choice): void {
    const { does, text: word, more } = choice;
    const doing: Record<number, () => void> = {
      12: () => this.#toolCall(choice),
      16: () => this.#close(choice, 'tool'),
      17: () => this.#result(choice),
      18: () => (more ? this.#bracket(choice, SPAN, this.#reasoning) : this.#close(choice, 'span')),
      19: () => this.#bracket(choice, THOUGHT, this.#reasoning, { role: 'reasoning' }),
      20: () => this.#grow(choice, THOUGHT, this.#reasoning),
      21: () => this.#close(choice, 'thought'),
      22: () => this.#step(choice),
      23: () => this.#close(choice, 'step'),
      24: () => this.#subagent(choice),
      25: () => this.#close(choice, 'subagent'),
      26: () => this.#snapshot(choice),
      27: () => this.#delta(choice),
      28: () => this.#activity(choice),
      29: () => this.#say(EventType.CUSTOM, { name: 'note', value: { word } }),
      30: () => this.#say(EventType.RAW, { event: { word } }),
      31: () => this.#encrypt(choice),
    };
    if (does < 3) this.#bracket(choice, TEXT, this.#messages, { role: 'assistant' });
    else if (does < 9) this.#grow(choice, TEXT, this.#messages);
    else if (does < 11) this.#close(choice, 'text');
    else if (does < 13) this.#toolCall(choice);
    else if (does < 16) this.#grow(choice, TOOL, this.#calls);
    else doing[does]?.();
  }

  #snapshot({ which, text: word }: Choice): void {
    this.#hasList = true;
    this.#say(EventType.STATE_SNAPSHOT, { snapshot: { list: [word], n: which } });
  }

  /** A change that would be seen if it were made twice. */
  #delta(choice: Choice): void {
    if (!this.#hasList) this.#snapshot(choice);
    this.#say(EventType.STATE_DELTA, { delta: [{ op: 'add', path: '/list/-', value: choice.text }] });
  }

  #result({ which, text: content }: Choice): void {
    const call = this.#calls[which % Math.max(1, this.#calls.length)];
    const messageId = this.#id('result');
    if (call) this.#say(EventType.TOOL_CALL_RESULT, { messageId, toolCallId: call.id, content });
  }

  #encrypt({ which, text: encryptedValue }: Choice): void {
    const call = this.#calls[which % Math.max(1, this.#calls.length)];
    const about = { subtype: 'tool-call', entityId: call?.id, encryptedValue };
    if (call) this.#say(EventType.REASONING_ENCRYPTED_VALUE, about);
  }

  #toolCall(choice: Choice): void {
    const { which } = choice;
    const parent = choice.more ? this.#messages[which % Math.max(1, this.#messages.length)] : undefined;
    const toolCallName = 'look';
    if (!parent) {
      this.#bracket({ ...choice, more: false }, TOOL, this.#calls, { toolCallName });
      return;
    }
    const toolCallId = this.#id('tool');
    this.#calls.push({ id: toolCallId, owner: parent.owner });
    this.#open.set(`tool ${toolCallId}`, { type: EventType.TOOL_CALL_END, toolCallId });
    const owner = which % 2 === 0 ? parent.owner : {};
    this.#say(EventType.TOOL_CALL_START, { toolCallId, toolCallName, parentMessageId: parent.id, ...owner });
  }

  #step(choice: Choice): void {
    const owner = this.#owner(choice);
    const stepName = `step-${choice.which % 3}`;
    const name = `step ${JSON.stringify([owner, stepName])}`;
    if (this.#open.has(name)) return;
    this.#open.set(name, { type: EventType.STEP_FINISHED, stepName, ...owner });
    this.#say(EventType.STEP_STARTED, { stepName, ...owner });
  }

  #subagent({ which }: Choice): void {
    const subagentRunId = this.#id('sub');
    const parent = which % 2 === 0 ? this.#subagents.at(-1) : undefined;
    this.#subagents.push(subagentRunId);
    this.#open.set(`subagent ${subagentRunId}`, { type: EventType.SUBAGENT_FINISHED, subagentRunId });
    const more = parent === undefined ? {} : { parentSubagentRunId: parent };
    this.#say(EventType.SUBAGENT_STARTED, { subagentRunId, name: 'helper', ...more });
  }

  #activity(choice: Choice): void {
    const { which, text: word, more } = choice;
    const known = this.#activities[which % Math.max(1, this.#activities.length)];
    const about = { messageId: known?.id ?? '', activityType: 'plan' };
    if (known && more) {
      this.#say(EventType.ACTIVITY_DELTA, {
        ...about,
        patch: [{ op: 'replace', path: '/word', value: word }],
      });
      return;
    }
    const one = { id: this.#id('activity'), owner: this.#owner(choice) };
    this.#activities.push(one);
    this.#say(EventType.ACTIVITY_SNAPSHOT, { ...about, messageId: one.id, content: { word }, ...one.owner });
  }
}
