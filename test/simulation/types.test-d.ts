import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { EventManager, MemoryBroker, type PublisherOf } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import type { EventPublisher } from '../../simulation/agent/event-outlet.ts';
import { simulationDefinitions, simulationEvents } from '../../simulation/catalog.ts';

const broker = new MemoryBroker();
const dream = z.object({ symbol: z.string(), at: z.date() });

test('a manager of the simulation’s catalog, or of a larger one, is a publisher', () => {
  expectTypeOf(new EventManager({ broker, catalog: simulationEvents })).toExtend<EventPublisher>();
  const larger = defineEvents({ ...simulationDefinitions, dream });
  expectTypeOf(new EventManager({ broker, catalog: larger })).toExtend<EventPublisher>();
});

test('a manager that lacks the simulation’s events is not', () => {
  expectTypeOf(new EventManager({ broker })).not.toExtend<EventPublisher>();
  expectTypeOf(new EventManager({ broker, catalog: defineEvents({ dream }) })).not.toExtend<EventPublisher>();
});

test('a manager in whose catalog answers and questions are complete events is not', () => {
  const complete = defineEvents({ ...simulationEvents.schemas, dream });
  expectTypeOf(new EventManager({ broker, catalog: complete })).not.toExtend<EventPublisher>();
});

test('a broadcasting part accepts any manager that has its event', () => {
  expectTypeOf(new EventManager({ broker })).toExtend<PublisherOf<'agent_message'>>();
  expectTypeOf(new EventManager({ broker, catalog: simulationEvents })).toExtend<
    PublisherOf<'system_status'>
  >();
  expectTypeOf(new EventManager({ broker, catalog: defineEvents({ dream }) })).not.toExtend<
    PublisherOf<'agent_message'>
  >();
});
