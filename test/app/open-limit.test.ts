import { expect, test } from 'vitest';
import { openCatalog } from '../open/catalog.ts';
import { startTestServer } from './harness.ts';

test('[O11] MAX_OPEN of a server bounds the open events of each of its topics', async () => {
  await using server = await startTestServer({ maxOpen: 2 }, { catalog: openCatalog });
  const { opens } = server.manager;
  await opens.begin('viewer', { name: 'Ada' });
  await opens.begin('viewer', { name: 'Grace' });
  await expect(opens.begin('viewer', { name: 'Alan' })).rejects.toMatchObject({ code: 'TOO_MANY_OPEN' });
  await opens.begin('viewer', { name: 'Alan' }, { topic: 'other' });
});
