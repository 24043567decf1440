import { describe } from 'vitest';
import { describeOpen } from '../open/open-contract.ts';
import { describeErase } from './erase-contract.ts';
import { brokerKinds } from './fixtures.ts';
import { describeLog } from './log-contract.ts';
import { describeRetention } from './retention-contract.ts';
import { describeSchemas } from './schemas-contract.ts';
import { describeTail } from './tail-contract.ts';
import { describeTopics } from './topics-contract.ts';
import { describeTypeRetention } from './type-retention-contract.ts';
import { describeVersions } from './versions-contract.ts';

describe.each(brokerKinds)('$name', (kind) => {
  describeErase(kind);
  describeLog(kind);
  describeRetention(kind);
  describeTail(kind);
  describeTopics(kind);
  describeSchemas(kind);
  describeTypeRetention(kind);
  describeOpen(kind);
  describeVersions(kind);
});
