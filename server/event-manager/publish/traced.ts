import { DEFAULT_TOPIC } from '../../../shared/protocol.ts';
import type { Traced } from '../../telemetry/telemetry.ts';

/** The publish that a trace tells of. */
export function traced(
  topic = DEFAULT_TOPIC,
  types: readonly string[],
  traceparent: string | undefined,
): Traced {
  return { topic, type: [...new Set(types)].join(','), traceparent };
}
