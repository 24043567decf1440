import { getTRPCErrorFromUnknown, type TRPCError } from '@trpc/server';
import type { TRPCRequestInfo } from '@trpc/server/http';
import type { WebSocket } from 'ws';
import { CloseCode } from '../../../shared/protocol.ts';
import type { Connection } from '../socket/connection.ts';

export type ContextResult = { ok: true } | { ok: false; error: TRPCError };

const ADMITTED: ContextResult = { ok: true };

/**
 * Runs `createContext`, once per connection, and keeps its result on the connection.
 * If it fails the client is told and closed; requests that arrived meanwhile fail with the same error.
 * @param readParams may throw: then the client's connection params were no good, nor would they be the next time, and it
 * is closed with 4500
 */
export async function createContext(
  connection: Connection,
  readParams: () => TRPCRequestInfo['connectionParams'],
): Promise<ContextResult> {
  const { req, setup } = connection;
  // A stream has the part of a WebSocket that is a ClientSocket; what it is to be told, `connection` tells.
  const res = connection.ws as WebSocket;
  let areParamsRead = false;
  try {
    const connectionParams = readParams();
    areParamsRead = true;
    connection.context = await setup.options.createContext?.({
      req,
      res,
      connection,
      info: {
        connectionParams,
        calls: [],
        isBatchCall: false,
        accept: null,
        type: 'unknown',
        // Made only for those who ask for it.
        get signal() {
          return connection.closed;
        },
        url: null,
      },
    });
    connection.admitted = true;
    return ADMITTED;
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    connection.report(error);
    connection.rejectSafely(error);
    // After the errors of the requests that wait.
    setImmediate(() =>
      areParamsRead
        ? connection.close(undefined, '')
        : connection.close(CloseCode.INVALID_PARAMS, 'connection params cannot be read'),
    );
    return { ok: false, error };
  }
}
