import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withoutKeys } from './without-keys.ts';

const OURS = `cvk_0123456789ab_${'Ab-_'.repeat(10)}xyz`;
const VENDORS = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF';

test('a key of ours is hidden in a query, a path, a header, JSON and a sentence; its public id stays', () => {
  for (const [before, after] of [
    ['/v2/aggs/ticker/', '/range/1/day'],
    ['/v2/x?token=', '&limit=1'],
    ['Authorization: Bearer ', ''],
    ['{"key":"', '"}'],
    ['The key ', ' is unknown.'],
    ['/home/', '.csv'],
  ]) {
    const text = withoutKeys(`${before}${OURS}${after}`);
    assert.ok(!text.includes('Ab-_'), text);
    assert.ok(text.endsWith(after ?? ''), text);
  }
  assert.equal(withoutKeys(`/${OURS}/x`), '/cvk_0123456789ab_hidden/x');
});

test('a key of the vendor is hidden without a name before it', () => {
  assert.equal(withoutKeys(`/v3/${VENDORS}/x`), '/v3/hidden/x');
  assert.equal(withoutKeys(`apiKey=${VENDORS}&limit=1`), 'apiKey=hidden&limit=1');
});

test('an escaped key is hidden, once and again escaped', () => {
  const all = [...OURS].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('');
  const twice = all.replaceAll('%', '%25');
  const json = [...OURS].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  for (const escaped of [all, twice, json, OURS.replaceAll('_', '%5F'), OURS.replace('cvk', '%63vk')])
    assert.equal(withoutKeys(`/a/${escaped}?b`), '/a/cvk_0123456789ab_hidden?b', escaped);
  assert.equal(withoutKeys('/x?api%4Bey=secret'), '/x?apiKey=hidden');
});

test('a key that was cut off is hidden', () => {
  assert.equal(withoutKeys(OURS.slice(0, 30)), 'cvk_0123456789ab_hidden');
});

test('text without a key stays as it is', () => {
  for (const text of [
    '100%25 of BRK%2FB',
    '31d59dda-80e5-4721-8496-d0d32a654afe',
    'd'.repeat(32),
    '6a7e466379af0a71039d60cc78e72282',
  ])
    assert.equal(withoutKeys(text), text);
});
