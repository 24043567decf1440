import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { loadSqlite } from '../../server/broker/sqlite/file/engine.ts';

const nothing = () => Promise.reject(new Error('Cannot find package'));

test('SQLite is loaded without a warning, from Node or from the package', async () => {
  const warnings: string[] = [];
  const hear = ({ message }: Error) => void warnings.push(message);
  process.on('warning', hear);
  const { DatabaseSync } = await loadSqlite();
  process.emitWarning('heard'); // the control: other warnings are told, as before
  await turn();
  process.off('warning', hear);
  expect(warnings).toEqual(['heard']);
  const db = new DatabaseSync(':memory:');
  expect(db.prepare('SELECT 1 AS one').get<{ one: number }>()?.one).toBe(1);
  db.close();
});

test('the package is used where Node has no SQLite, or has only its name', async () => {
  for (const own of [undefined, {}]) expect(await loadSqlite(() => own)).toHaveProperty('DatabaseSync');
});

test('the error says what to install where there is neither', async () => {
  await expect(loadSqlite(() => undefined, nothing)).rejects.toMatchObject({
    name: 'EventsError',
    code: 'UNAVAILABLE',
    message: expect.stringContaining('npm install @photostructure/sqlite'),
  });
});
