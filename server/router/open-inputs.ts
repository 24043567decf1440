import * as z from 'zod';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { countedArray } from '../../shared/data/bounded-schemas.ts';
import { kindsOf } from '../../shared/data/schema-facts.ts';
import { historyShape } from '../../shared/options/read-options.ts';
import { strictOptions } from '../../shared/options/strict-options.ts';
import { topicSchema } from '../../shared/topic.ts';
import { type Expects, optionsOnly } from '../../shared/wire/limits.ts';
import { typeOfId } from '../event-manager/open/open-ids.ts';
import { openShape } from '../event-manager/open/open-options.ts';
import { asked, expectsData } from './inputs.ts';

/** Most events whose leases one `touch` renews. */
const MAX_TOUCHED = 1000;

const topic = topicSchema.optional();
const { id, key, leaseMs, timeoutMs, at, text, state, reason } = openShape;
const ids = countedArray(id, MAX_TOUCHED);

/** The envelope of a beginning; its `data` is validated by the catalog. */
export const beginInput = strictOptions({
  data: z.unknown(),
  topic,
  key: key.optional(),
  leaseMs: leaseMs.optional(),
  timeoutMs: timeoutMs.optional(),
  traceparent: z.string().max(256).optional(),
});

export const appendInput = strictOptions({ topic, id, key, at, text });
export const updateInput = strictOptions({ topic, id, key, data: z.unknown() });
export const touchInput = strictOptions({ topic, ids, key });
export const settleInput = strictOptions({ topic, id, key, state, reason: reason.optional() });
export const answerInput = strictOptions({ topic, id, answer: z.unknown() });

export function openInput(names: readonly string[]) {
  return z.lazy(() => strictOptions({ topic, types: historyShape(names).types }).optional());
}

/** The part of a change that decides its permission: an id names its event's type. */
export const askedOfChange = asked({ topic, id });
export const askedOfTouch = asked({ topic, ids });

/** Types that may be annotated in the data of an event that is open. */
export function expectsDataOf(catalog: AnyCatalog, eventId: string): Expects {
  const type = typeOfId(catalog, eventId)?.type;
  return type === undefined ? optionsOnly : expectsData(catalog, type);
}

/** Types that may be annotated in an answer: those that its schema can hold. */
export function expectsAnswer(catalog: AnyCatalog, name: string): Expects {
  const answers = catalog.opens[name]?.answers;
  const kinds = answers && kindsOf(answers);
  return (path) => (kinds && path[0] === 'answer' ? { kinds, code: 'INVALID_EVENT' } : optionsOnly(path));
}
