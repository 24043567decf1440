import type { AbstractAgent } from '@ag-ui/client';
import type { Message } from '@ag-ui/core';
import { type ShownPart, written } from '../stand-in/script.ts';
import type { Page, Told } from './system.ts';

export interface AgUiPageOptions {
  /** Tells of a custom event that something was missed. */
  gap?: string;
  /** Code of the error that says that the run was lost. */
  lost?: string;
  dispose?(): Promise<void>;
}

/** A page of AG-UI: an agent in the browser, used in the one way that `AbstractAgent` has. */
export function agUiPage(agent: AbstractAgent, { gap, lost, dispose }: AgUiPageOptions = {}): Page {
  let told: Told = 'nothing';
  let watching = 0;
  agent.subscribe({
    onRunErrorEvent({ event }) {
      told = event.code !== undefined && event.code === lost ? 'the run is lost' : 'an error';
    },
    onRunFailed() {
      if (told === 'nothing') told = 'an error';
    },
    onRunFinishedEvent({ outcome }) {
      if (outcome === 'cancelled') told = 'the run was stopped';
    },
    onCustomEvent({ event }) {
      if (event.name === gap) told = 'a gap';
    },
  });
  const watch = (run: Promise<unknown>): void => {
    watching++;
    void run.catch(() => {}).finally(() => watching--); // a failure is told to the subscriber
  };
  return {
    send() {
      agent.addMessage({ id: crypto.randomUUID(), role: 'user', content: 'Tea, please.' });
      watch(agent.runAgent());
    },
    load: () => watch(agent.connectAgent()),
    async stop() {
      agent.abortRun();
    },
    shown: () => written(agent.messages.flatMap(partsOf)),
    told: () => told,
    isIdle: () => watching === 0,
    dispose: dispose ?? (async () => {}),
  };
}

function partsOf(message: Message): ShownPart[] {
  if (message.role === 'tool') return [{ result: String(message.content) }];
  if (message.role !== 'assistant') return [];
  const calls = message.toolCalls ?? [];
  return [
    { text: String(message.content ?? '') },
    ...calls.map((call) => ({ args: call.function.arguments })),
  ];
}
