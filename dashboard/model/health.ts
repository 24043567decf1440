import { numberAt, type PageEvent } from '../events.ts';
import { plural } from './format.ts';

type Status = PageEvent<'system_status'>['data'];

/** The health of a process as a viewer reads it. */
export interface Health {
  /** A machine that is busy is a warning, and no error: nothing has failed. */
  readonly tone: Status['health_status'];
  readonly words: string;
}

/** The reason rather than the verdict, as far as the figures tell it. */
export function healthOf({ health_status, performance_metrics, error_count }: Status): Health {
  if (health_status === 'healthy') return { tone: health_status, words: health_status };
  const { cpu_percent, memory_percent } = performance_metrics;
  const loads = [cpu_percent > LOAD_WARNING && 'CPU high', memory_percent > LOAD_WARNING && 'memory high'];
  const busy = loads.filter((word) => word !== false);
  if (error_count > ERRORS_WARNING) {
    return { tone: health_status, words: [plural(error_count, 'error'), ...busy].join(', ') };
  }
  return busy.length > 0
    ? { tone: 'warning', words: busy.join(', ') }
    : { tone: health_status, words: health_status };
}

/** Stagnation at which emergency mode begins, and below which it ends. */
export const EMERGENCY_ON = 0.6;
export const EMERGENCY_OFF = 0.48;

/** Stagnation, 0 to 1, as a free record such as `metadata` tells it; null where it does not, or tells a number beyond that. */
export function stagnationAt(record: Readonly<Record<string, unknown>> | undefined): number | null {
  const value = numberAt(record, 'stagnation');
  return value !== null && value >= 0 && value <= 1 ? value : null;
}

/** Processor and memory, percent: above which a system is in a warning, and in an error. */
export const LOAD_WARNING = 70;
export const LOAD_ERROR = 90;

/** Errors above which a system is in a warning. */
const ERRORS_WARNING = 50;
