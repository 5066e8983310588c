import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { HeldEvent } from '#market/corporate-actions.ts';
import type { LedgerRow, SessionState } from '#market/ledger.ts';
import type { NewNotice, Notice } from '#ports/notices.ts';
import {
  type ConditionFacts,
  type ConditionInputs,
  deathNotice,
  failedRunNotice,
  findConditions,
} from './conditions.ts';

const calendar = createCalendar({ lastYear: 2028 });
const first = isoDate('2026-10-01');
const nowMs = Date.parse('2026-11-24T16:05:00Z');
const ALL_STEPS: ReadonlySet<string> = new Set([
  'plan',
  'fetch bars',
  'fetch reference',
  'record',
  'resample',
  'consolidate',
  'verify',
  'report',
]);

function row(session: IsoDate, state: SessionState, rows = 100, lastFetchMs = 0): LedgerRow {
  return { session, state, rows, counted: rows, expected: 100, attempts: 1, firstFetchMs: 0, lastFetchMs };
}

/** A ledger in which every session up to the last one has settled, but for those that are given. */
function ledgerOf(changes: Readonly<Record<string, LedgerRow | undefined>> = {}): Map<IsoDate, LedgerRow> {
  const ledger = new Map<IsoDate, LedgerRow>();
  for (const session of calendar.range(first, calendar.lastClosedSession(nowMs))) {
    const changed = Object.hasOwn(changes, session) ? changes[session] : row(session, 'settled');
    if (changed !== undefined) ledger.set(session, changed);
  }
  return ledger;
}

function judge(parts: Partial<ConditionInputs> & { readonly lake?: Partial<ConditionFacts> } = {}) {
  const { lake, ...rest } = parts;
  const facts = {
    calendar,
    ledger: ledgerOf(),
    horizon: undefined,
    held: [],
    restated: [],
    partialShare: 0.9,
    ...lake,
  };
  return findConditions({ facts, nowMs, failed: [], steps: ALL_STEPS, overBound: [], open: [], ...rest });
}

const opened = (notices: readonly NewNotice[], lastSeenMs = nowMs - 1): Notice[] =>
  notices.map((notice, index) => ({
    ...notice,
    id: String(index),
    state: 'open',
    firstSeenMs: lastSeenMs,
    lastSeenMs,
    resolvedMs: null,
    count: 1,
  }));
const keys = (notices: readonly { readonly key: string }[]): string[] => notices.map(({ key }) => key);
const missing = (...sessions: string[]): Record<string, undefined> =>
  Object.fromEntries(sessions.map((session) => [session, undefined]));

test('a session is missing, partial or late by its deadline, and not a moment before', () => {
  const session = isoDate('2026-11-20');
  const settlesAtMs = calendar.settlesAtMs(session);
  const at = (ledgerRow: LedgerRow | undefined, ms: number): string[] =>
    keys(judge({ lake: { ledger: ledgerOf({ [session]: ledgerRow }) }, nowMs: ms }).holding).filter((key) =>
      key.endsWith(session),
    );
  assert.deepEqual(at(undefined, settlesAtMs - 1), []);
  assert.deepEqual(at(undefined, settlesAtMs), ['session-missing:2026-11-20']);
  assert.deepEqual(at(row(session, 'partial', 0), settlesAtMs), ['session-missing:2026-11-20']);
  assert.deepEqual(at(row(session, 'partial', 50), settlesAtMs - 1), []);
  assert.deepEqual(at(row(session, 'partial', 50), settlesAtMs), ['session-partial:2026-11-20']);
  assert.deepEqual(at(row(session, 'provisional'), settlesAtMs + 86_400_000 - 1), []);
  assert.deepEqual(at(row(session, 'provisional'), settlesAtMs + 86_400_000), ['session-late:2026-11-20']);
  const textOf = (lastFetchMs: number): string | undefined =>
    judge({
      lake: { ledger: ledgerOf({ [session]: row(session, 'provisional', 100, lastFetchMs) }) },
      nowMs: settlesAtMs + 86_400_000,
    }).holding.find(({ key }) => key === 'session-late:2026-11-20')?.text;
  assert.match(textOf(settlesAtMs - 1) ?? '', /still correcting them\. Run: condvest fetch --settle$/);
  assert.match(
    textOf(settlesAtMs) ?? '',
    /fewer bars than are stored, so the stored ones are kept\. The session is fetched again/,
  );
});

test('sessions that the plan does not cover are missing to nobody; that is told once, wherever the horizon lies', () => {
  const ledger = ledgerOf(missing('2026-10-02', '2026-10-05'));
  const before = judge({ lake: { ledger, horizon: isoDate('2026-10-05') } });
  assert.deepEqual(keys(before.holding), ['plan-horizon']);
  const after = judge({ lake: { ledger, horizon: isoDate('2026-10-06') }, open: opened(before.holding) });
  assert.deepEqual([keys(after.holding), after.over], [['plan-horizon'], []]);
  assert.deepEqual(judge({ open: opened(before.holding) }).over, ['plan-horizon'], 'the plan was widened');
});

test('many sessions at once are told as one, and what was told one by one stays so', () => {
  const five = ['2026-10-05', '2026-10-06', '2026-10-07', '2026-10-08', '2026-10-09'];
  const one = judge({ lake: { ledger: ledgerOf(missing(...five)) } });
  assert.deepEqual(
    keys(one.holding),
    five.map((session) => `session-missing:${session}`),
  );
  // A sixth: the five are not over, and nobody is told of them again.
  const six = judge({ lake: { ledger: ledgerOf(missing(...five, '2026-10-12')) }, open: opened(one.holding) });
  assert.deepEqual(six.over, []);
  assert.deepEqual(keys(six.holding).slice(-1), ['session-missing:2026-10-12']);
  assert.equal(six.holding.length, 6);
  const many = judge({ lake: { ledger: ledgerOf(missing(...five, '2026-10-12')) } });
  assert.deepEqual(keys(many.holding), ['session-missing:2026-10-05..2026-10-12']);
  assert.match(many.holding[0]?.title ?? '', /^6 sessions, 2026-10-05 to 2026-10-12: missing$/);
  // Of the six one is left, and one more is missing: the old notice goes on, and one is new.
  const open = opened(many.holding);
  const left = judge({ lake: { ledger: ledgerOf(missing('2026-10-07', '2026-11-02')) }, open });
  assert.deepEqual(left.over, []);
  assert.deepEqual(keys(left.holding), ['session-missing:2026-10-05..2026-10-12', 'session-missing:2026-11-02']);
  assert.match(left.holding[0]?.title ?? '', /^1 session, 2026-10-07: missing$/);
  assert.deepEqual(judge({ open }).over, ['session-missing:2026-10-05..2026-10-12']);
});

test('a session told by itself is not over when one notice tells of many before and after it', () => {
  const alone = judge({ lake: { ledger: ledgerOf(missing('2026-10-07')) } });
  const around = ['2026-10-02', '2026-10-05', '2026-10-06', '2026-10-08', '2026-10-09', '2026-10-12'];
  const ledger = ledgerOf(missing('2026-10-07', ...around));
  const both = judge({ lake: { ledger }, open: opened(alone.holding) });
  const all = ['session-missing:2026-10-02..2026-10-12', 'session-missing:2026-10-07'];
  assert.deepEqual(new Set(keys(both.holding)), new Set(all));
  // The newest notices come first.
  const open = opened(both.holding).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const later = judge({ lake: { ledger }, open });
  assert.deepEqual([new Set(keys(later.holding)), later.over], [new Set(all), []]);
});

test('a step that goes on failing is told once; another one that fails beside it is told as well', () => {
  const fails = (...steps: string[]) =>
    steps.map((step) => ({ step, error: 'Condvest.Transient', cause: `${step} broke` }));
  const one = judge({ failed: fails('fetch bars') });
  assert.deepEqual(keys(one.holding), ['run-failed:fetch bars']);
  const open = opened(one.holding);
  const both = judge({ failed: fails('fetch bars', 'resample 3', 'resample 5', 'verify'), open });
  assert.deepEqual(keys(both.holding), ['run-failed:fetch bars', 'run-failed:resample+verify']);
  assert.deepEqual(both.over, []);
  const later = judge({ failed: fails('verify'), open: opened(both.holding) });
  assert.deepEqual([keys(later.holding), later.over], [['run-failed:resample+verify'], ['run-failed:fetch bars']]);
  assert.deepEqual(judge({ open: opened([deathNotice(2, nowMs)]) }).over, ['run-failed:process']);
});

test('a step that a run did not get to is not over, nor are runs of other kinds', () => {
  const failed = [
    { step: 'fetch bars', error: 'e', cause: 'c' },
    { step: 'verify', error: 'e', cause: 'c' },
  ];
  const open = [
    ...opened(judge({ failed }).holding),
    ...opened([failedRunNotice('vacuum', 'The disk is full', nowMs), failedRunNotice('build', 'It broke', nowMs)]),
  ];
  const stopped = judge({
    steps: new Set(['plan', 'report']),
    failed: [{ step: 'plan', error: 'e', cause: 'c' }],
    open,
  });
  assert.deepEqual([keys(stopped.holding), stopped.over], [['run-failed:plan'], []]);
  const half = judge({ steps: new Set(['plan', 'fetch bars', 'report']), open });
  assert.deepEqual(half.over, [], 'one of the steps of its notice was not tried again');
  assert.deepEqual(judge({ open }).over, ['run-failed:fetch bars+verify']);
});

test('a lake that cannot be read ends no condition but those of the run', () => {
  const open = opened([
    ...judge({ lake: { ledger: ledgerOf(missing('2026-10-05')) } }).holding,
    ...judge({ failed: [{ step: 'verify', error: '', cause: '' }] }).holding,
  ]);
  const blind = judge({ facts: undefined, failed: [{ step: 'report', error: 'e', cause: 'c' }], open });
  assert.deepEqual([keys(blind.holding), blind.over], [['run-failed:report'], ['run-failed:verify']]);
});

test('a session that was refused is over when it was stored, not when nobody could ask for it', () => {
  const session = isoDate('2026-11-20');
  const { holding } = judge({ overBound: [{ session, message: 'too many' }] });
  const open = opened(holding, nowMs - 1000);
  const stored = (lastFetchMs: number) =>
    judge({ open, lake: { ledger: ledgerOf({ [session]: row(session, 'provisional', 100, lastFetchMs) }) } }).over;
  assert.deepEqual(stored(nowMs - 86_400_000), [], 'stored before it was refused');
  assert.deepEqual(stored(nowMs - 500), [`quarantine-over-bound:${session}`]);
  const other = isoDate('2026-11-19');
  const two = judge({ overBound: [{ session: other, message: 'too many' }], open });
  assert.deepEqual(keys(two.holding), [`quarantine-over-bound:${other}`], 'each session is a condition of its own');
  assert.deepEqual(two.over, []);
});

test('an event that is held back tonight is told, however many old ones are', () => {
  const held = (symbol: string, exDate: string, kind: 'split' | 'dividend'): HeldEvent[] =>
    ['2 for 1', '3 for 1'].map((terms) => ({
      kind,
      securityId: symbol,
      exDate: isoDate(exDate),
      terms,
      reason: '2 different values for one security and date',
    }));
  const old = Array.from({ length: 60 }, (_, index) => held(`S${index}`, '2010-03-01', 'split')).flat();
  const first = judge({ lake: { held: old } });
  assert.equal(first.holding.length, 50);
  const later = judge({
    lake: { held: [...old, ...held('ZZZ', '2026-11-23', 'split'), ...held('AAA', '2026-11-24', 'dividend')] },
    open: opened(first.holding),
  });
  const news = keys(later.holding).filter((key) => !keys(first.holding).includes(key));
  assert.deepEqual(news, ['event-held:dividend:AAA:2026-11-24', 'event-held:split:ZZZ:2026-11-23']);
  assert.deepEqual(later.over, []);
});

test('what a vendor or a file wrote is bounded and escaped in a notice', () => {
  const endless = `\u001b[31m${'x'.repeat(1e6)}`;
  const held = { kind: 'split', securityId: endless, exDate: isoDate('2026-11-23'), terms: endless, reason: endless };
  const { holding } = judge({
    lake: { held: [held as HeldEvent] },
    overBound: [{ session: isoDate('2026-11-23'), message: `${endless}\n`.repeat(90) }],
    failed: [{ step: 'plan', error: 'x', cause: endless }],
  });
  assert.deepEqual(
    keys(holding).map((key) => key.split(':')[0]),
    ['run-failed', 'quarantine-over-bound', 'event-held'],
  );
  for (const { key, title, text } of holding) {
    assert.ok(key.length <= 500 && title.length <= 500, `${key.length} ${title.length}`);
    assert.ok(text.split('\n').length <= 50 && text.split('\n').every((line) => line.length <= 4000));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    assert.doesNotMatch(key + title + text, /[\u0000-\u0009\u000b-\u001f]/);
  }
  const again = judge({ lake: { held: [held as HeldEvent] }, open: opened(holding) });
  assert.ok(
    keys(again.holding).every((key) => keys(holding).includes(key)),
    'it is still the same condition',
  );
});

test('what happened is told once, also by a later run, and never called over', () => {
  const short = ledgerOf({ '2026-11-20': row(isoDate('2026-11-20'), 'settled', 60, nowMs - 1000) });
  const lake = { ledger: short, restated: [{ version: 7, values: 3 }] };
  const one = judge({ lake });
  assert.deepEqual(keys(one.holding), ['restated:7', 'settled-short:2026-11-20']);
  const again = judge({ lake, open: opened(one.holding) });
  assert.deepEqual([again.holding, again.over], [[], []]);
  const old = ledgerOf({ '2026-11-20': row(isoDate('2026-11-20'), 'settled', 60, nowMs - 8 * 86_400_000) });
  assert.deepEqual(judge({ lake: { ledger: old }, open: opened(one.holding) }).over, []);
});
