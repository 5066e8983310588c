import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { FeedClock } from './feed-clock.ts';

const START = Date.parse('2026-11-24T14:30:00Z');
const make = (delayMs = 0): FeedClock => new FeedClock({ delayMs, idleMs: 5000, aheadMsMax: 10_000 });

describe('the watermark of a feed', () => {
  test('moves with the events, less the bound of the interval', () => {
    const clock = make();
    clock.live(START);
    clock.event(START + 3000, START + 3100);
    assert.equal(clock.watermark(2000), START + 1000);
    assert.equal(clock.watermark(5000), START - 2000);
  });

  test('never goes back for a late event', () => {
    const clock = make();
    clock.live(START);
    clock.event(START + 3000, START + 3100);
    clock.event(START - 60_000, START + 3200);
    assert.equal(clock.markMs, START + 3000);
  });

  test('moves with the local clock while a quiet connection is alive', () => {
    const clock = make();
    clock.live(START);
    clock.event(START, START);
    clock.alive(START + 60_000);
    assert.equal(clock.markMs, START + 55_000);
  });

  test('keeps behind the local clock by the delay of a delayed feed', () => {
    const clock = make(900_000);
    clock.live(START);
    clock.event(START - 900_000, START);
    clock.alive(START + 60_000);
    assert.equal(clock.markMs, START - 900_000 + 55_000);
  });

  test('stands while the connection is lost and while the gap is recovered, so that nothing recovered is late', () => {
    const clock = make();
    clock.live(START);
    clock.event(START + 1000, START + 1000);
    clock.lost();
    clock.alive(START + 600_000);
    assert.equal(clock.markMs, START + 1000);
    clock.recovering();
    clock.event(START + 601_000, START + 601_000);
    assert.equal(clock.markMs, START + 1000);
    clock.live(START + 602_000);
    assert.equal(clock.markMs, START + 601_000);
  });

  test('is not moved by an event from the future, which is counted', () => {
    const clock = make();
    clock.live(START);
    clock.event(START, START);
    assert.equal(clock.event(START + 3_600_000, START + 1000), false);
    assert.equal(clock.ahead, 1);
    assert.equal(clock.markMs, START);
  });

  test('stands if the local clock is set back', () => {
    const clock = make();
    clock.live(START);
    clock.alive(START + 60_000);
    const before = clock.markMs;
    clock.alive(START - 3_600_000);
    assert.equal(clock.markMs, before);
  });
});
