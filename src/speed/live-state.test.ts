import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { type InstantMs, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { INTRADAY_INTERVALS, INTRADAY_MS } from '#market/intraday-interval.ts';
import type { Trade, TradeCancel } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import type { FeedChange, FeedTopic } from '#ports/market-feed.ts';
import { effort } from '#test/fixtures/effort.ts';
import type { LiveChanges, LiveRecord, SealedMinuteOf } from './live-changes.ts';
import { LiveState } from './live-state.ts';

const SESSION = isoDate('2026-11-24');
const CALENDAR = createCalendar({ lastYear: 2027 });
const MINUTE = 60_000;
const at = (time: string): InstantMs => Date.parse(`2026-11-24T${time}-05:00`);
const EVERY_TRADE: readonly FeedTopic[] = [{ channel: 'trades', symbol: null }];

function newState(): LiveState {
  return new LiveState({
    tradeDates: new TradeDates(CALENDAR, null),
    delayMs: 0,
    secondBoundMs: 2000,
    boundMs: 5000,
    sealMs: 15 * MINUTE,
  });
}

function trade(atMs: InstantMs, price: number, more: Partial<Trade> = {}): Trade {
  return {
    kind: 'trade',
    symbol: 'AAA',
    atMs,
    sequence: atMs % 1e9,
    nanosecond: 0,
    exchange: 4,
    trf: null,
    id: `${atMs}`,
    price,
    size: 100e6,
    conditions: [],
    tape: 3,
    executedMs: null,
    trfMs: null,
    ...more,
  };
}

const frame = (receivedMs: InstantMs, ...events: (Trade | TradeCancel)[]): LiveRecord => ({
  kind: 'frame',
  receivedMs,
  events,
});
const changed = (change: FeedChange): LiveRecord => ({ kind: 'change', change });
const connected = (atMs: InstantMs, connection = 1): LiveRecord[] => [
  changed({ kind: 'connected', connection, atMs }),
  changed({ kind: 'following', connection, atMs, topics: EVERY_TRADE }),
];
const alive = (atMs: InstantMs): LiveRecord => changed({ kind: 'alive', connection: 1, atMs });
const lost = (atMs: InstantMs): LiveRecord =>
  changed({
    kind: 'lost',
    connection: 1,
    atMs,
    reason: 'closed',
    detail: '',
    lastReceivedMs: atMs,
    retryAtMs: atMs + 1000,
  });

/** Applies records, and returns the changes after all of them. */
function applied(state: LiveState, records: readonly LiveRecord[]): LiveChanges {
  for (const record of records) state.apply(record, state.position + 1);
  return state.takeChanges();
}

describe('the state of the live layer', () => {
  test('a minute is forming, then final once the watermark has passed its end, then corrected, then sealed', () => {
    const state = newState();
    applied(state, [...connected(at('09:59:00')), frame(at('10:00:10'), trade(at('10:00:10'), 100))]);
    const minute = (): unknown => {
      const bar = state.bar('AAA', '1m', 'session', at('10:00:00'));
      return bar && [bar.state, bar.close, bar.rev];
    };
    assert.deepEqual(minute(), ['forming', 100, 3]);
    const final = applied(state, [frame(at('10:01:05'), trade(at('10:01:05'), 101))]);
    assert.deepEqual(minute(), ['final', 100, 3]);
    assert.deepEqual(
      final.minutes.map(({ startMs, state: of, values }) => [startMs, of, values?.close]),
      [[at('10:00:00'), 'final', 100]],
    );
    const late = applied(state, [frame(at('10:02:00'), trade(at('10:00:50'), 99))]);
    assert.deepEqual(minute(), ['corrected', 99, 5]);
    assert.deepEqual(
      late.minutes.map(({ state: of, rev, values }) => [of, rev, values?.close]),
      [['corrected', 5, 99]],
    );
    assert.equal(state.counts.late, 1);
    const sealed = applied(state, [frame(at('10:16:05'), trade(at('10:16:05'), 102))]);
    assert.deepEqual(
      sealed.sealed.map(({ startMs, origin, rev }) => [startMs, origin, rev]),
      [[at('10:00:00'), 'built', 5]],
    );
    applied(state, [frame(at('10:16:06'), trade(at('10:00:55'), 1))]);
    assert.equal(state.counts.afterSeal, 1);
  });

  test('a canceled only trade takes its bar away, and says so', () => {
    const state = newState();
    const canceled = trade(at('10:00:10'), 100);
    applied(state, [...connected(at('09:59:00')), frame(at('10:00:10'), canceled), alive(at('10:02:00'))]);
    const cancel: TradeCancel = {
      kind: 'cancel',
      symbol: 'AAA',
      tradeDate: SESSION,
      atMs: at('10:02:01'),
      sequence: 1,
      canceled,
    };
    const { minutes } = applied(state, [frame(at('10:02:01'), cancel)]);
    assert.deepEqual(
      minutes.map(({ state: of, rev, values }) => [of, rev, values]),
      [['corrected', 5, undefined]],
    );
  });

  test('the last minute of a quiet day ends by the clock while the connection is alive', () => {
    const state = newState();
    applied(state, [...connected(at('15:00:00')), frame(at('15:59:59'), trade(at('15:59:59'), 100))]);
    applied(state, [alive(at('16:00:05'))]);
    assert.equal(state.bar('AAA', '4h', 'session', at('15:59:59'))?.state, 'forming');
    applied(state, [alive(at('16:00:10'))]);
    assert.equal(state.bar('AAA', '4h', 'session', at('15:59:59'))?.state, 'final');
  });

  test('after a lost connection nothing is final until it is back, and the stretch is a gap', () => {
    const state = newState();
    applied(state, [...connected(at('09:59:00')), frame(at('10:00:10'), trade(at('10:00:10'), 100))]);
    applied(state, [lost(at('10:00:30')), alive(at('10:05:00'))]);
    assert.ok(state.watermarkMs < at('10:01:00'));
    const { gaps } = applied(state, connected(at('10:05:10'), 2));
    assert.deepEqual(gaps, [
      { symbols: null, fromMs: at('10:00:25'), toMs: at('10:05:10'), reason: 'the connection was lost' },
    ]);
    applied(state, [frame(at('10:06:30'), trade(at('10:06:30'), 101))]);
    assert.equal(state.bar('AAA', '1m', 'session', at('10:00:10')), undefined, 'not all of it was heard');
    assert.equal(state.bar('AAA', '1m', 'session', at('10:06:30'))?.close, 101);
  });

  test('events of a weekend, of the future, and of unknown conditions are counted or reported, each once', () => {
    const state = newState();
    const odd = (atMs: InstantMs): Trade => trade(atMs, 100, { conditions: [99] });
    const changes = applied(state, [
      ...connected(at('09:59:00')),
      frame(at('10:00:00'), odd(at('10:00:00')), odd(at('10:00:01'))),
      frame(at('10:00:02'), trade(Date.parse('2026-11-22T10:00:00-05:00'), 5)),
      frame(at('10:00:03'), trade(at('12:00:00'), 5)),
    ]);
    assert.deepEqual(changes.unknownConditions, [99]);
    assert.equal(state.counts.outside, 1);
    assert.equal(state.ahead, 1);
    assert.equal(state.bar('AAA', '1m', 'session', at('12:00:00')), undefined);
  });

  test('a restart from any checkpoint gives the same bars, revisions, states, gaps and counts', () => {
    fc.assert(
      fc.property(story, fc.nat(100), fc.nat(100), (records, a, b) => {
        const [saved, crashed] = [Math.min(a, b), Math.max(a, b)].map((n) => Math.round((n * records.length) / 100));
        const whole = newState();
        const sealed: SealedMinuteOf[] = [];
        let checkpoint = whole.checkpoint();
        let sealedAtCheckpoint = 0;
        for (const [index, record] of records.entries()) {
          whole.apply(record, index + 1);
          sealed.push(...whole.takeChanges().sealed);
          if (index + 1 !== saved) continue;
          checkpoint = whole.checkpoint();
          sealedAtCheckpoint = sealed.length;
        }
        const restarted = newState();
        // As it is stored: what is not JSON would not survive.
        restarted.restore(
          JSON.parse(JSON.stringify(checkpoint)),
          JSON.parse(JSON.stringify(sealed.slice(0, sealedAtCheckpoint))),
        );
        const sealedAgain: SealedMinuteOf[] = [];
        for (let position = checkpoint.from; position <= records.length; position += 1) {
          restarted.apply(records[position - 1] as LiveRecord, position);
          if (position === crashed) sealedAgain.push(...restarted.takeChanges().sealed);
        }
        sealedAgain.push(...restarted.takeChanges().sealed);
        assert.deepEqual(sealedAgain, sealed.slice(sealedAtCheckpoint));
        assert.deepEqual(restarted.counts, whole.counts);
        assert.equal(restarted.watermarkMs, whole.watermarkMs);
        assert.deepEqual(shown(restarted), shown(whole));
      }),
      { numRuns: effort({ usual: 200, long: 5000 }) },
    );
  });
});

/** Two hours with trades of two symbols, some late or canceled, quiet stretches, and lost connections. */
const story = fc
  .array(
    fc.record({
      waitMs: fc.constantFrom(100, 900, 20_000, 70_000, 400_000),
      what: fc.constantFrom('trade', 'trade', 'trade', 'trade', 'late', 'cancel', 'twice', 'alive', 'lost', 'back'),
      symbol: fc.constantFrom('AAA', 'BBB'),
      backMs: fc.constantFrom(0, 3000, 70_000, 800_000, 1_000_000),
      price: fc.integer({ min: 90, max: 110 }),
    }),
    { minLength: 3, maxLength: 40 },
  )
  .map((steps) => {
    let nowMs = at('09:58:00');
    const records: LiveRecord[] = connected(nowMs);
    const trades: Trade[] = [];
    for (const { waitMs, what, symbol, backMs, price } of steps) {
      nowMs += waitMs;
      const known = trades[price % Math.max(trades.length, 1)];
      if (what === 'alive') records.push(alive(nowMs));
      else if (what === 'lost') records.push(lost(nowMs));
      else if (what === 'back') records.push(...connected(nowMs));
      else if (what === 'twice' && known !== undefined) records.push(frame(nowMs, known));
      else if (what === 'cancel' && known !== undefined) {
        const order = { symbol: known.symbol, tradeDate: SESSION, atMs: nowMs, sequence: nowMs } as const;
        records.push(frame(nowMs, { kind: 'cancel', ...order, canceled: known }));
      } else {
        const made = trade(nowMs - (what === 'late' ? backMs : 0), price, { symbol, id: `${nowMs}` });
        trades.push(made);
        records.push(frame(nowMs, made));
      }
    }
    return records;
  });

/** Every bar of every window that has not been forgotten. */
function shown(state: LiveState): unknown[] {
  const bars: unknown[] = [];
  for (const symbol of ['AAA', 'BBB']) {
    bars.push(state.dayBar(symbol, SESSION));
    for (const interval of INTRADAY_INTERVALS) {
      const stepMs = interval === '1s' ? 30 * MINUTE : INTRADAY_MS[interval];
      for (let atMs = at('09:30:00'); atMs < at('16:00:00'); atMs += stepMs) {
        bars.push(state.bar(symbol, interval, 'session', atMs));
      }
    }
  }
  return bars;
}
