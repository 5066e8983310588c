import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept } from './kept.ts';

test('what is kept is made once however many ask, and those asked for last stay', async () => {
  const kept = new Kept<number>(2);
  let made = 0;
  const make = async (): Promise<number> => {
    made += 1;
    return made;
  };
  assert.deepEqual(await Promise.all([kept.get('a', make), kept.get('a', make)]), [1, 1]);
  await kept.get('b', make);
  await kept.get('a', make);
  await kept.get('c', make);
  assert.equal(made, 3);
  assert.equal(await kept.get('a', make), 1);
  assert.equal(await kept.get('b', make), 4, 'b was asked for longest ago');
});

test('a failure is not kept', async () => {
  const kept = new Kept<number>(2);
  await assert.rejects(kept.get('a', () => Promise.reject(new Error('first'))));
  assert.equal(await kept.get('a', async () => 2), 2);
});
