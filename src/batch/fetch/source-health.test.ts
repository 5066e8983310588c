import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { CondvestError, type ErrorKind } from '#base/errors.ts';
import { OVER_BOUND, type Reply } from './reply.ts';
import { SourceHealth } from './source-health.ts';

const asked = { planned: { session: isoDate('2024-03-28'), reason: 'missing' }, fetchedAtMs: 0 } as const;
const failed = (kind: ErrorKind, code = 'source-broke'): Reply => ({
  ...asked,
  kind: 'failed',
  error: new CondvestError({ code, kind, message: 'It broke' }),
});
const notYet: Reply = { ...asked, kind: 'not-yet', detail: '' };
const beyond: Reply = { ...asked, kind: 'beyond-plan', detail: '' };

function mayAskAfter(...replies: readonly Reply[]): boolean {
  const health = new SourceHealth();
  for (const reply of replies) health.take(reply);
  return health.mayAsk();
}

test('three failures one after the other say that the source is down, and an answer among them that it is not', () => {
  const down = failed('transient');
  assert.equal(mayAskAfter(down, down), true);
  assert.equal(mayAskAfter(down, down, down), false);
  assert.equal(mayAskAfter(down, down, notYet, down, down), true);
});

test('a reply that cannot be read is one session’s, until none can be read', () => {
  const unreadable = Array.from({ length: 15 }, () => failed('corrupt'));
  assert.equal(mayAskAfter(...unreadable), true);
  assert.equal(mayAskAfter(...unreadable, failed('corrupt')), false);
  assert.equal(mayAskAfter(...unreadable, notYet, ...unreadable), true);
});

test('sessions that were refused for their rows say nothing about the source', () => {
  assert.equal(mayAskAfter(...Array.from({ length: 100 }, () => failed('permanent', OVER_BOUND))), true);
});

test('the end of the plan’s history ends the walk at once, and what is not there yet never does', () => {
  assert.equal(mayAskAfter(beyond), false);
  assert.equal(mayAskAfter(notYet, notYet, notYet, notYet), true);
});
