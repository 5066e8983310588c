import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overBudget } from './trade-history.ts';

test('a stretch above its budget says what it was, what is allowed, and what to do', () => {
  const stretch = { symbol: 'AAPL', fromMs: Date.UTC(2026, 10, 24, 15), toMs: Date.UTC(2026, 10, 24, 16) };
  const error = overBudget(stretch, { requestsMax: 4, eventsMax: 50_000 });
  assert.equal(error.code, 'history-over-budget');
  assert.equal(error.kind, 'permanent');
  assert.match(error.message, /AAPL from 2026-11-24T15:00:00.000Z to .*Allowed: 4 requests and 50000 events\. Fetch/);
});
