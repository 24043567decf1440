import type { RunAgentInput } from '@ag-ui/core';
import * as z from 'zod';
import type { AnyCatalog, Catalog, CatalogOf, OpensOf, SchemasOf } from '../../shared/catalog.ts';
import { subjectIdSchema } from '../../shared/events.ts';
import { ephemeral } from '../../shared/open/kinds.ts';
import { runEvents } from '../../shared/runs/run-events.ts';
import { argsPart, recordSchema, textPart } from '../stream/stored.ts';

/** Messages, tools and entries of context of one request at most. */
const MAX_ITEMS = 10_000;

const items = z.array(z.looseObject({})).max(MAX_ITEMS);

/** AG-UI's RunAgentInput, as much of it as a server relies on before AG-UI's own schema has checked it. */
const input = z.looseObject({
  threadId: z.string().min(1).max(128),
  runId: subjectIdSchema,
  messages: items,
  tools: items,
  context: items,
}) as unknown as z.ZodType<RunAgentInput, RunAgentInput>; // the rest is checked by AG-UI's own schema, where a request is taken

/**
 * The events of AG-UI's runs, for a catalog: `defineEvents({ ...agUiEvents, …your own })`. Let clients publish `agui_request` where
 * they may start runs, and `run_stop` where they may stop them; `run`, `agui_text`, `agui_tool_call`, `agui_event` and
 * `agui_refused` are for servers to publish, and for viewers to see.
 */
export const agUiEvents = {
  ...runEvents,
  /** Asks for a run. It holds a whole history, and is not stored. */
  agui_request: ephemeral(z.object({ input })),
  /** The server's word to whoever asked for a run that is not begun: why. */
  agui_refused: ephemeral(
    z.strictObject({
      /** `runId` of the request. */
      run_id: z.string(),
      error: z.strictObject({ code: z.string(), message: z.string() }),
    }),
  ),
  /** A message, or a message of reasoning, written token by token. */
  agui_text: textPart,
  /** A tool call, whose arguments are written token by token. */
  agui_tool_call: argsPart,
  /** Any other AG-UI event. */
  agui_event: recordSchema,
};

type AgUiEvents = typeof agUiEvents;

/** Any catalog that has {@link agUiEvents}. */
export type AgUiCatalog = AnyCatalog &
  Pick<Catalog<SchemasOf<AgUiEvents>, OpensOf<AgUiEvents>>, 'schemas' | 'opens'>;

/** The catalog of AG-UI's events alone. */
export type OwnCatalog = CatalogOf<AgUiEvents>;

/** Types of the events that a viewer of a thread reads. */
export const VIEWED = ['run', 'agui_text', 'agui_tool_call', 'agui_event'] as const;

/** The topic of a thread, where nothing else is said. */
export function topicOfThread(threadId: string): string {
  return `agui-${threadId}`;
}
