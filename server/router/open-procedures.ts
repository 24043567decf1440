import type { TRPCMutationProcedure, TRPCQueryProcedure } from '@trpc/server';
import type { AnyCatalog, NoOpens } from '../../shared/catalog.ts';
import type { AnswerInput, EventInput, EventName, OpenName } from '../../shared/events.ts';
import type { BegunEvent } from '../../shared/open/handles.ts';
import type { OpenPage } from '../../shared/open/open-page.ts';
import type { BegunKind, SettledState } from '../../shared/open/open-part.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import { begunNames, begunType, typeOfId } from '../event-manager/open/open-ids.ts';
import { allowanceOf } from '../limits/publish-rate.ts';
import { askerOf } from '../limits/socket-asker.ts';
import type { Admitting } from './admitting.ts';
import { askedOfPublish, askedOfSelection } from './inputs.ts';
import {
  answerInput,
  appendInput,
  askedOfChange,
  askedOfTouch,
  beginInput,
  expectsAnswer,
  expectsDataOf,
  openInput,
  settleInput,
  touchInput,
  updateInput,
} from './open-inputs.ts';
import { publishRules } from './publish-rules.ts';
import type { Gate } from './subscribe.ts';

/** Input of `begin.<event_type>`: as BeginOptions has it. */
export interface BeginInput<N extends EventName<C>, C extends AnyCatalog> {
  data: EventInput<N, C>;
  /** Default `default`. */
  topic?: string | undefined;
  key?: string | undefined;
  leaseMs?: number | undefined;
  timeoutMs?: number | undefined;
  traceparent?: string | undefined;
}

/** An event that is open, as its owner names it. */
export interface OwnedInput {
  /** Default `default`. */
  topic?: string | undefined;
  id: string;
  key: string;
}

/** Input of `answer.<event_type>`. */
export interface AnswerCall<N extends EventName<C>, C extends AnyCatalog> extends Omit<OwnedInput, 'key'> {
  answer: AnswerInput<N, C>;
}

/** Input of `open`. */
export interface OpenInput<C extends AnyCatalog> {
  /** Default `default`. */
  topic?: string | undefined;
  /** Default: all that the caller may see. */
  types?: readonly EventName<C>[] | undefined;
}

type Mutation<Input, Output> = TRPCMutationProcedure<{ input: Input; output: Output; meta: unknown }>;

/** The answer to `begin.<event_type>`: only an event that grows has a length, by which clients' types tell it. */
type BegunOf<N extends EventName<C>, C extends AnyCatalog> =
  N extends OpenName<C, 'growing'> ? BegunEvent : Omit<BegunEvent, 'length'>;

/** `begin.*`: a mutation for each event that is begun. */
export type BeginProcedures<C extends AnyCatalog> = {
  [N in OpenName<C, BegunKind>]: Mutation<BeginInput<N, C>, BegunOf<N, C>>;
};

/** `answer.*`: a mutation for each question. */
export type AnswerProcedures<C extends AnyCatalog> = {
  [N in OpenName<C, 'question'>]: Mutation<AnswerCall<N, C>, { cursor: string }>;
};

/** The procedures of open events. It is no interface: one could not go under a key of a router. */
export type OpenProcedures<C extends AnyCatalog> = {
  begin: BeginProcedures<C>;
  append: Mutation<OwnedInput & { at: number; text: string }, { length: number }>;
  update: Mutation<OwnedInput & { data: unknown }, Record<never, never>>;
  touch: Mutation<Omit<OwnedInput, 'id'> & { ids: readonly string[] }, { notOpen: string[] }>;
  settle: Mutation<OwnedInput & { state: SettledState; reason?: string | undefined }, { cursor: string }>;
  answer: AnswerProcedures<C>;
  open: TRPCQueryProcedure<{
    input: OpenInput<C> | undefined;
    output: OpenPage<EventName<C>, C>;
    meta: unknown;
  }>;
};

/**
 * The procedures of open events that a catalog has: none where each of its events is complete when it is published. Such a
 * catalog is not written out for them in a declaration file, as it would be for a mapped type.
 */
export type OpenProceduresOf<C extends AnyCatalog> = [OpenName<C, BegunKind>] extends [never]
  ? NoOpens
  : OpenProcedures<C>;

/**
 * Makes the procedures of open events; none where the catalog has no event that is begun. A call that names an event by its
 * id is authorised by the type that the id names, before the event is looked for: so a refusal tells nothing of it.
 */
export function openProcedures<C extends AnyCatalog, Ctx, Meta, Overrides>(
  manager: EventManager<AnyCatalog>,
  { checkpoint, subjectOf }: Gate,
  admitting: Admitting<Ctx, Meta, Overrides>,
): OpenProceduresOf<C> {
  const { catalog } = manager;
  const names = begunNames(catalog);
  if (names.length === 0) return {} as OpenProceduresOf<C>;
  const questions = names.filter((name) => begunType(catalog, name)?.kind === 'question');

  /** Requires the right to publish the types that ids name; any of the catalog's, where they name none. */
  const mayChange = async (ctx: unknown, topic: string | undefined, ids: readonly string[]) => {
    const types = new Set(ids.flatMap((id) => typeOfId(catalog, id)?.type ?? []));
    await checkpoint.publish(ctx, topic, types.size > 0 ? [...types] : names, types.size > 0);
  };
  const changing = {
    asked: askedOfChange,
    authorize: async (ctx: unknown, { topic, id }: { topic?: string | undefined; id: string }) => {
      await mayChange(ctx, topic, [id]);
      await allowanceOf(ctx)?.take(1);
    },
  };

  const begin = (name: string) =>
    admitting(publishRules(checkpoint, catalog, name, beginInput)).mutation(({ ctx, input: { input } }) => {
      const { data, ...options } = input;
      return manager.opens.begin(name, data, { ...options, by: subjectOf(ctx) });
    });

  const append = admitting({ ...changing, input: appendInput }).mutation(({ ctx, input: { input } }) =>
    manager.opens.append({ ...input, by: subjectOf(ctx) }),
  );

  const update = admitting({
    ...changing,
    expects: ({ id }) => expectsDataOf(catalog, id),
    input: updateInput,
  }).mutation(async ({ ctx, input: { input } }) => {
    await manager.opens.update({ ...input, data: input.data, by: subjectOf(ctx) });
    return {};
  });

  const touch = admitting({
    asked: askedOfTouch,
    authorize: (ctx, { topic, ids }) => mayChange(ctx, topic, ids),
    input: touchInput,
  }).mutation(({ ctx, input: { input } }) => manager.opens.touch({ ...input, by: subjectOf(ctx) }));

  const settle = admitting({ ...changing, input: settleInput }).mutation(
    async ({ ctx, input: { input } }) => {
      const { cursor } = await manager.opens.settle({ ...input, by: subjectOf(ctx) });
      return { cursor };
    },
  );

  const answer = (name: string) =>
    admitting({
      asked: askedOfPublish,
      authorize: async (ctx, { topic }) => {
        await checkpoint.answer(ctx, topic, name);
        await allowanceOf(ctx)?.take(1);
      },
      expects: () => expectsAnswer(catalog, name),
      input: answerInput,
    }).mutation(async ({ ctx, input: { input } }) => {
      const given = { ...input, answer: input.answer, by: subjectOf(ctx) };
      const { cursor } = await manager.opens.answer(name, given);
      return { cursor };
    });

  const open = admitting({
    asked: askedOfSelection(catalog.names),
    authorize: (ctx, asked) => checkpoint.see(ctx, 'subscribe', asked),
    input: openInput(catalog.names),
  }).query(({ ctx, input: { grant } }) =>
    manager.openEvents({
      ...checkpoint.narrow(grant, undefined),
      subject: subjectOf(ctx),
      asker: askerOf(ctx),
    }),
  );

  const each = <P>(of: readonly string[], make: (name: string) => P) =>
    Object.fromEntries(of.map((name) => [name, make(name)]));
  const procedures = {
    ...{ begin: each(names, begin), append, update, touch, settle, open },
    ...(questions.length > 0 && { answer: each(questions, answer) }),
  };
  return procedures as unknown as OpenProceduresOf<C>;
}
