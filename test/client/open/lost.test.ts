import { expect, test, vi } from 'vitest';
import { openCatalog as catalog, openWorld } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';

retrySoon();

test('[O10] a writer that was silent past its lease is told so once, and goes on under another key', async () => {
  const { clock, manager } = openWorld();
  await using server = await startTestServer({ catalog, manager });
  await using client = connect({ url: server.wsUrl, catalog });
  const onLost = vi.fn();
  const options = { key: 'k', leaseMs: 1000, onLost };
  const reply = await client.begin('reply', { agent_id: 'shadow', text: 'ab' }, options);
  await clock.advance(3000);
  await eventually(() => expect(onLost).toHaveBeenCalled()); // half of its lease later
  const again = await client.begin('reply', { agent_id: 'shadow', text: '' }, options);
  expect(again).toMatchObject({ id: reply.id, settled: { state: 'aborted' } });
  const other = await client.begin('reply', { agent_id: 'shadow', text: 'ab' }, { key: 'k+' });
  expect(other).toMatchObject({ resumed: false, length: 2 });
  await other.done();
  expect(onLost).toHaveBeenCalledOnce();
});
