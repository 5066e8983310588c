import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchBarsStepReport } from '#batch/pipeline/steps.ts';
import { describeFetched, describeReference } from './step-details.ts';

const session = { outcome: 'fetched', state: 'settled', rows: 10, expected: 10, settledShort: false, detail: null };
const none = { step: 'FetchBars', rows: 0, replaced: 0, quarantined: 0, horizonMoved: false, overBound: [] } as const;

test('a successful step says what is short, missing or rejected', () => {
  const whole: FetchBarsStepReport = { ...none, sessions: [{ ...session, session: '2026-11-23' }], inserted: 1 };
  assert.equal(describeFetched(whole), '1 session: 1 new bar');
  const troubled: FetchBarsStepReport = {
    ...none,
    sessions: [
      { ...session, session: '2026-11-18', state: 'partial', rows: 4 },
      { ...session, session: '2026-11-19', outcome: 'empty', state: 'partial', rows: 0 },
      { ...session, session: '2026-11-20', settledShort: true },
      { ...session, session: '2026-11-23', outcome: 'not-yet', state: null, rows: 0 },
    ],
    inserted: 10_400,
    quarantined: 2,
    overBound: [{ session: '2026-11-24', message: '' }],
  };
  assert.equal(
    describeFetched(troubled),
    '4 sessions: 10,400 new bars, 2 rejected, 1 partial, 1 without bars, 1 not available yet, 1 settled short, 1 REJECTED as a whole',
  );
});

test('events held back and changed symbols are reported', () => {
  const report = {
    step: 'FetchReference',
    rows: 3,
    listed: 1,
    delisted: 0,
    reused: [],
    splits: 1,
    dividends: 0,
    refused: 0,
    withdrawn: [],
    withdrawnCount: 0,
    unconfirmed: [],
    unconfirmedCount: 0,
  } as const;
  assert.equal(
    describeReference({ ...report, renamed: ['FB → META'], held: 2 }),
    '1 listed, 0 delisted, renamed FB → META, 1 split, 0 dividends, 2 held back',
  );
  const withdrawn = ['A', 'B', 'C'];
  assert.equal(
    describeReference({
      ...report,
      renamed: [],
      held: 0,
      refused: 1,
      withdrawn,
      withdrawnCount: 4,
      unconfirmedCount: 0,
    }),
    '1 listed, 0 delisted, 1 split, 0 dividends, 1 event rejected, 4 events withdrawn: A, B, C …',
  );
});
