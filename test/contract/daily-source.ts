import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { VirtualClock } from '#test/fakes/virtual-clock.ts';

/**
 * Contract suite for sources of daily bars: the guarantees of `src/ports/daily-source.ts` as tests. A new source is
 * complete when it passes.
 */

export const calendar = createCalendar({ lastYear: 2028 });
/** A session with bars. */
export const SESSION = isoDate('2024-03-28');
/** The next session, for which there is no data yet. */
export const NEXT = calendar.next(SESSION);

export interface SourceUnderTest extends AsyncDisposable {
  readonly source: DailySource;
  readonly clock: VirtualClock;
  /** A session before everything the source has. */
  readonly beyond: IsoDate;
  /** Permanently breaks what the source reads from. */
  readonly breakDown: () => Promise<void>;
}

/** `open` returns a source with bars up to `SESSION`, its clock at noon on the next day. */
export function dailySourceContract(name: string, open: () => Promise<SourceUnderTest>): void {
  describe(`the daily source "${name}"`, () => {
    test('returns a session whole: every row belongs to it, every value is a number or null, and a second request gives the same bytes', async () => {
      await using of = await open();
      const reply = await of.source.bars(SESSION);
      assert.ok(reply.kind === 'bars');
      assert.ok(reply.rows.length > 0);
      for (const { symbol, session, ...values } of reply.rows) {
        assert.equal(typeof symbol, 'string');
        assert.equal(session, SESSION);
        for (const value of Object.values(values)) assert.ok(value === null || typeof value === 'number');
      }
      assert.equal(new Set(reply.rows.map(({ symbol }) => symbol)).size, reply.rows.length);
      assert.deepEqual(await of.source.bars(SESSION), reply);
    });

    test('reports a session that is not available yet, or not on this plan, as a reply and not as a failure', async () => {
      await using of = await open();
      assert.equal((await of.source.bars(NEXT)).kind, 'not-yet');
      assert.equal((await of.source.bars(of.beyond)).kind, 'beyond-plan');
    });

    test('throws a failure with a code and a kind, and never passes it on as fewer rows', async () => {
      await using of = await open();
      await of.breakDown();
      await assert.rejects(of.source.bars(SESSION), (error) => {
        assert.ok(error instanceof CondvestError, String(error));
        assert.match(error.code, /^[a-z-]+$/);
        return true;
      });
    });

    test('ends aborted work with the reason for the abort', async () => {
      await using of = await open();
      const reason = new Error('called off');
      await assert.rejects(of.source.bars(SESSION, AbortSignal.abort(reason)), reason);
    });

    test('has a name that the source ranks know', async () => {
      await using of = await open();
      assert.match(of.source.name, /^[a-z-]+$/);
      assert.ok(of.source.parallelMax >= 1);
    });

    test('has lists and events, or says that it has none', async () => {
      await using of = await open();
      const { source } = of;
      const request = { session: SESSION, delisted: false };
      if (!source.hasReference) {
        for (const ask of [source.symbols(request), source.splits(SESSION), source.dividends(SESSION)])
          await assert.rejects(ask, (error) => error instanceof CondvestError && error.kind === 'permanent');
        return;
      }
      const active = await source.symbols(request);
      assert.ok(active.length > 0);
      assert.equal(new Set(active.map(({ symbol }) => symbol)).size, active.length);
      assert.ok(active.every(({ delistedOn }) => delistedOn === null));
      const gone = await source.symbols({ session: SESSION, delisted: true });
      assert.ok(gone.every(({ delistedOn }) => delistedOn === null || delistedOn < SESSION));
      const from = calendar.previous(SESSION, 100);
      for (const { exDate } of [...(await source.splits(from)), ...(await source.dividends(from))])
        assert.ok(exDate !== null && exDate >= from);
      assert.deepEqual(await source.symbolChanges('NOSUCHSYMBOL'), []);
      assert.equal(await source.listedOn?.('NOSUCHSYMBOL'), undefined);
    });
  });
}
