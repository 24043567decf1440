import { type AnyTRPCRouter, transformTRPCResponse } from '@trpc/server';
import superjson from 'superjson';
import { transformer } from '../../../shared/wire/transformer.ts';
import { isNoticeType, itemOf, type StreamRecord } from '../../event-manager/stream-record.ts';
import { RecentlyMade } from '../../recently-made.ts';
import { trackedOutput } from '../../trpc-copy.ts';

/** The bytes of a record's tRPC message after its request id: `"result":{…}}`. */
export type EncodeBody = (record: StreamRecord) => Buffer;

/**
 * For groups that get the same event, and for the many that read the same part of a log after an outage: two pages of
 * it. A log may keep its records for days, so it is not for as long as those live; and more would only get old.
 */
const KEPT_BYTES = 512 * 1024;

/**
 * How a router's messages are written. With superjson the text of the log goes to the sockets as it is; any other
 * transformer is asked once per event.
 */
export function bodyEncoder(router: AnyTRPCRouter): EncodeBody {
  const { _config: config } = router._def;
  const { output } = config.transformer;
  const write = writesSuperjson(output) ? superjsonBody : transformedBody(config);
  const encode: EncodeBody = (record) => Buffer.from(write(record));
  const bodies = new RecentlyMade<StreamRecord, Buffer>(KEPT_BYTES, encode, (_, { length }) => length);
  return (record) => (isNoticeType(record.type) ? encode(record) : bodies.of(record));
}

/** Whether it is the project's transformer, or superjson itself, which writes the same. */
function writesSuperjson(output: unknown): boolean {
  return [transformer, transformer.output, trackedOutput, superjson].some((each) => each === output);
}

/** As `superjson.serialize` would write `{ id, data }`: a record's annotations are those of `{ data }` already. */
function superjsonBody({ cursor, json, meta }: StreamRecord): string {
  const annotations = meta === undefined ? '' : `,"meta":${meta}`;
  return `"result":{"type":"data","id":"${cursor}","data":{"json":{"id":"${cursor}","data":${json}}${annotations}}}}`;
}

function transformedBody(config: AnyTRPCRouter['_def']['_config']): (record: StreamRecord) => string {
  return (record) => {
    const id = record.cursor;
    const result = { type: 'data' as const, id, data: { id, data: itemOf(record) } };
    const text = JSON.stringify(transformTRPCResponse(config, { id: null, result }));
    return text.slice('{"id":null,'.length);
  };
}
