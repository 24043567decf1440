import type { IncomingMessage } from 'node:http';
import { type AnyTRPCRouter, getTRPCErrorFromUnknown, getTRPCErrorShape, type TRPCError } from '@trpc/server';
import type { BaseHandlerOptions } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY, type TRPCErrorShape } from '@trpc/server/rpc';

/** `onError` as tRPC's adapters have it. */
export type OnError = BaseHandlerOptions<AnyTRPCRouter, IncomingMessage>['onError'];

type ErrorInfo = Parameters<NonNullable<OnError>>[0];

/** The call that an error belongs to, as `onError` and `errorFormatter` are told. */
export type ErrorSubject = Pick<ErrorInfo, 'path' | 'type' | 'input'>;

/** The scope in which errors are reported: a connection, or one request over HTTP. */
export interface ErrorScope {
  readonly router: AnyTRPCRouter;
  readonly onError: OnError | undefined;
  readonly req: IncomingMessage;
  readonly context: unknown;
}

/** The subject of an error that belongs to a connection, not to a call. */
export const NO_CALL: ErrorSubject = { path: undefined, type: 'unknown', input: undefined };

/** Shape for an error that cannot be formatted or encoded: it tells nothing that a formatter would have hidden. */
export const FALLBACK_SHAPE: TRPCErrorShape = {
  code: TRPC_ERROR_CODES_BY_KEY.INTERNAL_SERVER_ERROR,
  message: 'Internal server error',
  data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 },
};

/** Tells `onError`; an `onError` that fails itself is ignored. */
export function reportError(scope: ErrorScope, subject: ErrorSubject, cause: unknown): TRPCError {
  const error = getTRPCErrorFromUnknown(cause);
  callOnError(scope, subject, error, () => {});
  return error;
}

/**
 * Reports that handling failed, not a procedure: an `errorFormatter` that throws, a reply that cannot be encoded.
 * Never dropped silently: without an `onError` that works it is logged where stock tRPC logs it, under its label.
 */
export function reportInternalError(scope: ErrorScope, subject: ErrorSubject, cause: unknown): void {
  const error = getTRPCErrorFromUnknown(cause);
  const log = () => console.error('[@trpc/server/adapters/ws]', error);
  if (scope.onError) callOnError(scope, subject, error, log);
  else log();
}

/** The error as the client gets it, by the router's `errorFormatter` if that works. */
export function shapeError(scope: ErrorScope, subject: ErrorSubject, error: TRPCError): TRPCErrorShape {
  try {
    const config = scope.router._def._config;
    return getTRPCErrorShape({ config, ctx: scope.context, error, ...subject });
  } catch (cause) {
    reportInternalError(scope, subject, cause);
    return FALLBACK_SHAPE;
  }
}

/** `onError` runs in listeners and in promises that nothing awaits: a throw or a rejection would end the process. */
function callOnError(
  scope: ErrorScope,
  subject: ErrorSubject,
  error: TRPCError,
  onFailure: () => void,
): void {
  try {
    const result: unknown = scope.onError?.({
      error,
      ctx: scope.context,
      req: scope.req,
      ...subject,
    });
    Promise.resolve(result).catch(onFailure);
  } catch {
    onFailure();
  }
}
