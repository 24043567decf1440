import type * as OpenTelemetry from '@opentelemetry/api';
import { isTraceparent } from '../../shared/events.ts';
import type { Traced, Tracing } from './telemetry.ts';

/** The used part of `@opentelemetry/api`. */
type Api = Pick<
  typeof OpenTelemetry,
  'context' | 'isSpanContextValid' | 'ROOT_CONTEXT' | 'SpanKind' | 'SpanStatusCode' | 'trace'
>;

/**
 * Traces with OpenTelemetry. Spans go where the SDK that the process has registered sends them; without one nowhere.
 *
 * @example new EventManager({ broker, tracing: openTelemetry(await import('@opentelemetry/api')) })
 */
export function openTelemetry(api: Api): Tracing {
  const { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
  const tracer = trace.getTracer('psyche-events');

  const start = (
    verb: string,
    kind: OpenTelemetry.SpanKind,
    { topic, type, traceparent }: Traced,
    attributes: OpenTelemetry.Attributes = {},
  ) => {
    const parent = spanContextOf(traceparent);
    const within = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : context.active();
    const shared = { 'messaging.system': 'psyche-events', 'messaging.destination.name': topic };
    const span = tracer.startSpan(
      `${verb} ${type}`,
      { kind, attributes: { ...shared, 'psyche.event_type': type, ...attributes } },
      within,
    );
    return { span, within: trace.setSpan(within, span) };
  };
  const fail = (span: OpenTelemetry.Span, error: unknown): void => {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
  };
  const traceparentOf = (span: OpenTelemetry.Span): string | undefined => {
    const { traceId, spanId, traceFlags } = span.spanContext();
    if (!api.isSpanContextValid(span.spanContext())) return undefined;
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  };

  return {
    async publish(traced, run) {
      const { span, within } = start('publish', SpanKind.PRODUCER, traced);
      try {
        return await context.with(within, () => run(traceparentOf(span) ?? traced.traceparent));
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    },

    handle(traced, run) {
      const { span, within } = start('process', SpanKind.CONSUMER, traced, {
        'psyche.cursor': traced.cursor,
      });
      try {
        const result = context.with(within, run);
        if (!(result instanceof Promise)) {
          span.end();
          return result;
        }
        result.then(
          () => span.end(),
          (error: unknown) => {
            fail(span, error);
            span.end();
          },
        );
        return result;
      } catch (error) {
        fail(span, error);
        span.end();
        throw error;
      }
    },

    delivered(traced) {
      const { cursor, subscribers } = traced;
      const attributes = { 'psyche.cursor': cursor, 'psyche.subscribers': subscribers };
      start('deliver', SpanKind.PRODUCER, traced, attributes).span.end();
    },
  };
}

function spanContextOf(traceparent: string | undefined): OpenTelemetry.SpanContext | undefined {
  if (!isTraceparent(traceparent)) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
