import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { defined } from '#base/assert.ts';
import { INTRADAY_INTERVALS } from '#market/intraday-interval.ts';
import { standingTrades } from '#market/standing-trades.ts';
import type { VendorBar } from '#market/trade.ts';
import { SessionFold } from '#market/trade-fold.ts';
import { effort } from '#test/fixtures/effort.ts';
import {
  barName,
  type CaseEvent,
  type ExpectedBar,
  readTradeCases,
  type TradeCase,
} from '#test/fixtures/trade-cases.ts';

const groups = readTradeCases();

test('there are all sixteen groups of cases', () => {
  assert.deepEqual(
    groups.map(({ group }) => group),
    Array.from({ length: 16 }, (_, i) => i + 1),
  );
});

for (const { file, cases } of groups) {
  describe(file, () => {
    for (const one of cases) {
      test(one.name, () => {
        assert.deepEqual(barsOf(one, one.events), one.bars.map(withVwap).sort(byName));
      });
    }
  });
}

test('no case depends on the order of receipt, nor on events that come again', () => {
  const cases = groups.flatMap((group) => group.cases);
  const property = fc.property(fc.constantFrom(...cases), fc.infiniteStream(fc.nat()), (one, numbers) => {
    const random = (): number => defined(numbers.next().value, 'the stream is infinite');
    const again = one.events.filter(({ kind }) => kind !== 'vendor-bar' && random() % 3 === 0);
    const bars = one.events.filter(({ kind }) => kind === 'vendor-bar');
    const others = shuffled([...one.events.filter(({ kind }) => kind !== 'vendor-bar'), ...again], random);
    assert.deepEqual(barsOf(one, [...others, ...bars]), barsOf(one, one.events), one.name);
  });
  fc.assert(property, { numRuns: effort({ usual: 200, long: 20_000 }) });
});

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  return items.map(() => defined(left.splice(random() % left.length, 1)[0], 'one of them'));
}

function barsOf(one: TradeCase, events: readonly CaseEvent[]) {
  const fold = new SessionFold(one.parts);
  for (const trade of standingTrades(events.filter(isOfTrade)).trades) fold.add(trade);
  for (const startMs of one.vendorMinutes) {
    const bar = events.filter(isVendorBar).findLast((vendorBar) => vendorBar.startMs === startMs);
    fold.putVendorMinute(defined(bar, `a bar of the vendor at ${startMs}`));
  }
  const day = fold.dayBar();
  const found = INTRADAY_INTERVALS.flatMap((interval) =>
    (['session', 'clock'] as const).flatMap((alignment) =>
      fold
        .bars(interval, alignment)
        .map(({ startMs, endMs: _, part: __, ...bar }) => ({ name: barName(interval, alignment, startMs), ...bar })),
    ),
  );
  const all = day === undefined ? found : [...found, { name: '1d', ...day }];
  return all.map((bar) => ({ ...bar, vwap: digits(bar.vwap) })).sort(byName);
}

function isOfTrade(event: CaseEvent): event is Exclude<CaseEvent, VendorBar | { kind: 'halt' }> {
  return event.kind === 'trade' || event.kind === 'cancel' || event.kind === 'correction';
}

function isVendorBar(event: CaseEvent): event is VendorBar {
  return event.kind === 'vendor-bar';
}

function withVwap({ money, ...bar }: ExpectedBar) {
  return { ...bar, vwap: digits(bar.volume === 0 ? null : money / bar.volume) };
}

/** The VWAP to 12 digits: a quotient of dollars and shares is rounded otherwise than one of their millionths. */
function digits(vwap: number | null): string {
  return vwap === null ? 'none' : vwap.toPrecision(12);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
