import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupMarks, type PlacedMark } from './event-groups.ts';

const at = (x: number, kind: 'split' | 'dividend' = 'dividend', heldBack?: string): PlacedMark => ({
  x,
  mark: { bar: 0, kind, exDate: '2026-01-02', terms: '', heldBack },
});

test('marks that have room stand alone, with the letter of their kind', () => {
  assert.deepEqual(groupMarks([at(100, 'split'), at(10), at(200, 'split', 'two values')], 18), [
    { x: 10, label: 'D', hasSplit: false },
    { x: 100, label: 'S', hasSplit: true },
    { x: 200, label: 'S?', hasSplit: true },
  ]);
});

test('marks without room share one with their number, and none covers another', () => {
  const groups = groupMarks(
    Array.from({ length: 200 }, (_, n) => at(n * 5, n === 7 ? 'split' : 'dividend')),
    18,
  );
  for (const [n, group] of groups.entries()) {
    const next = groups[n + 1];
    assert.ok(next === undefined || next.x - group.x >= 18);
  }
  assert.equal(
    groups.reduce((sum, { label }) => sum + Number(label), 0),
    200,
  );
  assert.equal(groups.filter(({ hasSplit }) => hasSplit).length, 1);
});
