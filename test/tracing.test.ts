import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAppRouter, type EventManager } from '../server/index.ts';
import { startTestServer } from './app/harness.ts';
import { connect } from './client/connect.ts';
import { eventually } from './client/eventually.ts';
import { agentMessage } from './support/events.ts';

const exporter = new InMemorySpanExporter();
const tracer = trace.getTracer('a test');

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  // Any SDK registers this by itself: here, W3C's trace context by hand.
  propagation.setGlobalPropagator({
    fields: () => ['traceparent'],
    inject(from, carrier, setter) {
      const span = trace.getSpanContext(from);
      if (span) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-0${span.traceFlags}`);
    },
    extract(into, carrier, getter) {
      const [, traceId = '', spanId = '', flags = ''] = String(getter.get(carrier, 'traceparent')).split('-');
      return trace.setSpanContext(into, { traceId, spanId, traceFlags: Number(flags), isRemote: true });
    },
  });
});
afterEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

async function startServer(tracing: boolean) {
  const managers: EventManager[] = [];
  const application = (made: { manager: EventManager }) => {
    managers.push(made.manager);
    return { router: createAppRouter(made.manager) };
  };
  const server = await startTestServer({ tracing }, { application });
  const [manager] = managers;
  if (!manager) throw new Error('no application was made');
  return { ...server, manager };
}

const spans = () => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan | undefined => spans().find((span) => span.name === name);
const traceparentOf = (span: ReadableSpan | undefined) =>
  `00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`;

test('one trace spans the mutation, the server, a listener there and onData at a client', async () => {
  await using server = await startServer(true);
  await using client = connect({ url: `${server.url}/trpc` });
  let live = false;
  const received: { traceparent?: string | undefined }[] = [];
  client.on(
    'agent_message',
    (event) => {
      received.push(event);
      // The event is a carrier: what handles it goes on with the trace by the API's own means.
      context.with(propagation.extract(context.active(), event), () => tracer.startSpan('onData').end());
    },
    { onSynced: () => (live = true) },
  );
  server.manager.addListener(() => tracer.startSpan('in the listener').end());
  await eventually(() => expect(live).toBe(true));

  await tracer.startActiveSpan('the caller', async (span) => {
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    await client.publish('agent_message', agentMessage('a-secret-payload'), carrier);
    span.end();
  });
  await eventually(() => expect(named('onData')).toBeDefined());

  const [caller, publish, deliver, process] = [
    named('the caller'),
    named('publish agent_message'),
    named('deliver agent_message'),
    named('process agent_message'),
  ];
  expect(publish).toMatchObject({
    kind: SpanKind.PRODUCER,
    parentSpanContext: { spanId: caller?.spanContext().spanId },
  });
  expect(deliver).toMatchObject({ parentSpanContext: { spanId: publish?.spanContext().spanId } });
  expect(process).toMatchObject({
    kind: SpanKind.CONSUMER,
    parentSpanContext: { spanId: publish?.spanContext().spanId },
  });
  expect(named('in the listener')?.parentSpanContext?.spanId).toBe(process?.spanContext().spanId);
  expect(named('onData')?.parentSpanContext?.spanId).toBe(publish?.spanContext().spanId);
  expect(received[0]?.traceparent).toBe(traceparentOf(publish));
  expect(deliver?.attributes).toMatchObject({
    'messaging.destination.name': 'default',
    'psyche.subscribers': 1,
  });
  expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(
    JSON.stringify(spans().map(({ name, attributes, events }) => [name, attributes, events])),
  ).not.toContain('secret');
});

test('a batch is one span, and a refused publish and a failing listener are marked', async () => {
  await using server = await startServer(true);
  const failing = server.manager.addListener(async () => {
    throw new Error('no');
  });
  const [message] = [agentMessage('x')];
  const events = [1, 2].map(() => ({ event_type: 'agent_message' as const, data: message }));
  await server.manager.publishBatch(events);
  await eventually(() =>
    expect(spans().filter(({ name }) => name === 'process agent_message')).toHaveLength(2),
  );
  expect(spans().filter(({ name }) => name === 'publish agent_message')).toHaveLength(1);
  expect(named('process agent_message')?.status.code).toBe(2);
  server.manager.removeListener(failing);
  exporter.reset();
  await server.manager.publish('agent_message', { ...message, agent_id: 1 as never }).catch(() => {});
  expect(named('publish agent_message')?.status.code).toBe(2);
});

test('control: without tracing there are no spans and no field, and a given valid traceparent is passed on', async () => {
  await using server = await startServer(false);
  const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const { manager } = server;
  await tracer.startActiveSpan('the caller', async () => {
    await manager.publish('agent_message', agentMessage(1));
    await manager.publish('agent_message', agentMessage(2), { traceparent: given });
    await manager.publish('agent_message', agentMessage(3), { traceparent: 'nonsense' });
  });
  const { items } = await manager.history();
  expect(items.map(({ event }) => Object.keys(event).sort())).toEqual([
    ['data', 'event_type', 'timestamp'],
    ['data', 'event_type', 'timestamp', 'traceparent'],
    ['data', 'event_type', 'timestamp'],
  ]);
  expect(spans()).toEqual([]);
});
