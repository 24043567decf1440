/** A caller's remaining publishes; in the tRPC context, beside the session. */
export interface Allowance {
  /** @throws EventsError RATE_LIMITED, INVALID_OPTION */
  take(events: number): Promise<void>;
}

/** The allowance in a tRPC context; undefined where publishing is not limited. */
export function allowanceOf(context: unknown): Allowance | undefined {
  if (typeof context !== 'object' || context === null || !('allowance' in context)) return undefined;
  const { allowance } = context;
  return isAllowance(allowance) ? allowance : undefined;
}

function isAllowance(value: unknown): value is Allowance {
  return typeof value === 'object' && value !== null && 'take' in value && typeof value.take === 'function';
}
