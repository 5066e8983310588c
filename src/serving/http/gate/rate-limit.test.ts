import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from './rate-limit.ts';

test('so many at once, then so many a minute', () => {
  const limit = new RateLimit({ namesMax: 10 });
  for (let i = 0; i < 60; i += 1) assert.equal(limit.take('a', 60, 0), undefined);
  assert.equal(limit.take('a', 60, 0), 1000);
  assert.equal(limit.take('a', 60, 400), 600);
  assert.equal(limit.take('a', 60, 1000), undefined);
  assert.equal(limit.take('a', 60, 1000), 1000);
  assert.equal(limit.take('b', 60, 1000), undefined);
});

test('no more than a minute is ever saved up', () => {
  const limit = new RateLimit({ namesMax: 10 });
  assert.equal(limit.take('a', 2, 0), undefined);
  for (let i = 0; i < 2; i += 1) assert.equal(limit.take('a', 2, 3_600_000), undefined);
  assert.equal(limit.take('a', 2, 3_600_000), 30_000);
});

test('looking takes nothing', () => {
  const limit = new RateLimit({ namesMax: 10 });
  for (let i = 0; i < 5; i += 1) assert.equal(limit.wait('a', 1, 0), undefined);
  assert.equal(limit.take('a', 1, 0), undefined);
  assert.equal(limit.wait('a', 1, 0), 60_000);
});

test('a clock that goes back gives nothing and takes nothing', () => {
  const limit = new RateLimit({ namesMax: 10 });
  assert.equal(limit.take('a', 1, 60_000), undefined);
  assert.equal(limit.take('a', 1, 0), 60_000);
  assert.equal(limit.take('a', 1, 60_000), undefined);
});

test('the table stays bounded: the name not seen for longest is forgotten', () => {
  const limit = new RateLimit({ namesMax: 2 });
  assert.equal(limit.take('a', 1, 0), undefined);
  assert.equal(limit.take('b', 1, 0), undefined);
  assert.equal(limit.take('c', 1, 0), undefined);
  assert.equal(limit.take('c', 1, 0), 60_000);
  assert.equal(limit.take('a', 1, 0), undefined, 'forgotten');
});
