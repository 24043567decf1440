import { type AnyTRPCRouter, transformTRPCResponse } from '@trpc/server';
import { transformer } from '../../../shared/transformer.ts';
import { decode, type StreamRecord } from '../../event-manager/stream-record.ts';

/** The bytes of a record's tRPC message after its request id: `"result":{…}}`. */
export type EncodeBody = (record: StreamRecord) => Buffer;

/**
 * How a router's messages are written. With superjson the text of the log goes to the sockets as it is; any other
 * transformer is asked once per event.
 */
export function bodyEncoder(router: AnyTRPCRouter): EncodeBody {
  const { _config: config } = router._def;
  const write = config.transformer.output === transformer ? superjsonBody : transformedBody(config);
  const written = new WeakMap<StreamRecord, Buffer>();
  return (record) => {
    let body = written.get(record);
    if (body === undefined) {
      body = Buffer.from(write(record));
      written.set(record, body);
    }
    return body;
  };
}

/** As `superjson.serialize` would write `{ id, data }`: a record's annotations are those of `{ data }` already. */
function superjsonBody({ cursor, json, meta }: StreamRecord): string {
  const annotations = meta === undefined ? '' : `,"meta":${meta}`;
  return `"result":{"type":"data","id":"${cursor}","data":{"json":{"id":"${cursor}","data":${json}}${annotations}}}}`;
}

function transformedBody(config: AnyTRPCRouter['_def']['_config']): (record: StreamRecord) => string {
  return (record) => {
    const id = record.cursor;
    const result = { type: 'data' as const, id, data: { id, data: decode(record) } };
    const text = JSON.stringify(transformTRPCResponse(config, { id: null, result }));
    return text.slice('{"id":null,'.length);
  };
}
