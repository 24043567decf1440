import type { IncomingMessage } from 'node:http';

/** A refusal of an upgrade. */
export interface UpgradeRefusal {
  /** Status of HTTP, from 400 to 599. Any other is a mistake, and answered with 500. */
  readonly status: number;
  /** For the client, as JSON. @default the name of the status */
  readonly message?: string;
  /** For `instruments.refused`. @default UPGRADE */
  readonly code?: string;
}

/** Decides about an upgrade: refuses it, or takes it and may want to be called when its socket has closed. */
export type OnUpgrade = (request: IncomingMessage) => UpgradeRefusal | (() => void) | undefined;

/** The answer where a decision cannot be had: the mistake is the server's. */
const FAILED: UpgradeRefusal = { status: 500, code: 'INTERNAL_SERVER_ERROR' };

/**
 * Asks for a decision. It is an application's function, called where an error would end the process: whatever it throws,
 * and whatever it returns that is no decision, is reported, and the upgrade refused with 500.
 */
export function decide(
  onUpgrade: OnUpgrade | undefined,
  request: IncomingMessage,
  report: (cause: unknown) => void,
): ReturnType<OnUpgrade> {
  try {
    const decision: unknown = onUpgrade?.(request) ?? undefined; // null, of who writes no types
    if (decision === undefined) return undefined;
    if (typeof decision === 'function') {
      return () => {
        try {
          decision();
        } catch (cause) {
          report(cause);
        }
      };
    }
    if (isRefusal(decision)) return decision;
    if (decision instanceof Promise) decision.catch(report);
    throw new TypeError(
      'onUpgrade must return a refusal with a status from 400 to 599, a function or undefined, and at once',
    );
  } catch (cause) {
    report(cause);
    return FAILED;
  }
}

function isRefusal(decision: unknown): decision is UpgradeRefusal {
  if (typeof decision !== 'object' || decision === null || !('status' in decision)) return false;
  const { status, message, code } = { message: undefined, code: undefined, ...decision };
  const areTexts = [message, code].every((text) => text === undefined || typeof text === 'string');
  return areTexts && Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
}
