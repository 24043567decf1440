import { EventsError } from '../../shared/errors.ts';
import { openTelemetry } from '../telemetry/open-telemetry.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/** Tracing as the configuration asks for it. @throws EventsError INVALID_OPTION where OpenTelemetry is not installed */
export async function configuredTracing(): Promise<Tracing> {
  try {
    return openTelemetry(await import('@opentelemetry/api'));
  } catch (cause) {
    throw new EventsError(
      'INVALID_OPTION',
      'TRACING needs OpenTelemetry. Run: npm install @opentelemetry/api',
      {
        cause,
      },
    );
  }
}
