import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { recordHorizon } from '#batch/fetch/horizon.ts';
import { recordSessions } from '#batch/ledger/record-sessions.ts';
import { readConfig } from '#runtime/config/config.ts';
import { saveHistoryStart, unfilledFrom, yearsBefore } from '#runtime/daemon/history.ts';
import { openLocal } from '#runtime/local/open-local.ts';

test('history that was asked for is wanted until it is there, or the plan ends', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-history-'));
  try {
    const environment = { CONDVEST_HOME: folder, MASSIVE_API_KEY: 'a-key-of-the-tests' };
    await using app = await openLocal(readConfig({ environment, workingFolder: folder }));
    assert.equal(await unfilledFrom(app), undefined, 'none was asked for');
    await saveHistoryStart(app.config, isoDate('2026-05-02'));
    assert.equal(await unfilledFrom(app), '2026-05-02', 'nothing is there yet');
    const { lake, calendar } = app;
    const see = (session: string): Promise<unknown> =>
      recordSessions(
        { lake, calendar, rules: { partialShare: 0.9 } },
        {
          rowsAfter: new Map([[isoDate(session), 3]]),
          changed: new Set(),
          fetchedAtMs: app.clock.nowMs(),
          countUnchangedAttempts: true,
        },
      );
    // The newest comes first: a process that died has left what is older.
    await see('2026-11-16');
    assert.equal(await unfilledFrom(app), '2026-05-04');
    await recordHorizon(lake, 'massive', isoDate('2026-11-12'), app.clock.nowMs());
    assert.equal(await unfilledFrom(app), '2026-11-13', 'the plan begins here');
    await see('2026-11-13');
    assert.equal(await unfilledFrom(app), undefined);
    await writeFile(join(folder, 'history.json'), '{"from": 7}');
    await assert.rejects(unfilledFrom(app), { code: 'history-settings', kind: 'corrupt' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('years before a day', () => {
  assert.equal(yearsBefore(Date.parse('2026-11-25T10:00:00Z'), 2), '2024-11-25');
  assert.equal(yearsBefore(Date.parse('2028-02-29T10:00:00Z'), 1), '2027-02-28');
});
