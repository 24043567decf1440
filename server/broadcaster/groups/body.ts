import { type AnyTRPCRouter, transformTRPCResponse } from '@trpc/server';
import superjson from 'superjson';
import { transformer } from '../../../shared/wire/transformer.ts';
import type { EncodeBody } from '../../event-manager/hubs/hub.ts';
import { isNoticeType, itemOf, type StreamRecord } from '../../event-manager/records/stream-record.ts';
import { BoundedMemo } from '../../memory/bounded-memo.ts';
import { trackedOutput } from '../../trpc/trpc-copy.ts';

/**
 * For groups that get the same event, and for the many that read the same part of a log after an outage: two pages of
 * it. A log may keep its records for days, so it is not for as long as those live; and more would only get old.
 */
const KEPT_BYTES = 512 * 1024;

type Config = AnyTRPCRouter['_def']['_config'];

/**
 * Bodies of WebSocket messages: what follows the request id, `"result":{…}}`. With superjson the text of the log goes
 * out as it is; any other transformer is asked once per event.
 */
export function messageBody({ _def: { _config: config } }: AnyTRPCRouter): EncodeBody {
  return encodingOnce(writesSuperjson(config) ? superjsonMessage : transformedMessage(config));
}

/** Bodies of server-sent events: `data` and `id`, as tRPC writes them. */
export function eventBody({ _def: { _config: config } }: AnyTRPCRouter): EncodeBody {
  const data = writesSuperjson(config) ? superjsonData : transformedData(config);
  return encodingOnce((record) => `data: ${data(record)}\nid: ${record.cursor}\n\n\n`);
}

function encodingOnce(write: (record: StreamRecord) => string): EncodeBody {
  const encode: EncodeBody = (record) => Buffer.from(write(record));
  const bodies = new BoundedMemo<StreamRecord, Buffer>(KEPT_BYTES, encode, (_, { length }) => length);
  return (record) => (isNoticeType(record.type) ? encode(record) : bodies.of(record));
}

/** Tells if it is the project's transformer, or superjson itself, which writes the same. */
function writesSuperjson({ transformer: { output } }: Config): boolean {
  return [transformer, transformer.output, trackedOutput, superjson].some((each) => each === output);
}

/** As `superjson.serialize` would write `{ id, data }`: a record's annotations are those of `{ data }` already. */
function superjsonMessage({ cursor, json, meta }: StreamRecord): string {
  const annotations = meta === undefined ? '' : `,"meta":${meta}`;
  return `"result":{"type":"data","id":"${cursor}","data":{"json":{"id":"${cursor}","data":${json}}${annotations}}}}`;
}

function transformedMessage(config: Config): (record: StreamRecord) => string {
  return (record) => {
    const id = record.cursor;
    const result = { type: 'data' as const, id, data: { id, data: itemOf(record) } };
    const text = JSON.stringify(transformTRPCResponse(config, { id: null, result }));
    return text.slice('{"id":null,'.length);
  };
}

/** A line end in JSON that somebody else wrote into the log: it would end the field of a server-sent event. */
const LINE_END = /[\r\n]/;

/** As `superjson.serialize` would write the item; its annotations have other paths than those of the record. */
function superjsonData(record: StreamRecord): string {
  const { json, meta } = record;
  if (meta !== undefined) return JSON.stringify(transformer.output.serialize(itemOf(record)));
  return `{"json":${LINE_END.test(json) ? JSON.stringify(JSON.parse(json)) : json}}`;
}

function transformedData({ transformer: { output } }: Config): (record: StreamRecord) => string {
  return (record) => JSON.stringify(output.serialize(itemOf(record)));
}
