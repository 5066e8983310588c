import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NewNotice, Operations, RunStep } from '#ports/operations.ts';

/** What any store of operations must do, whatever database is under it. Two stores over one database stand for two processes. */
export function operationsContract(
  name: string,
  open: () => Promise<{ readonly first: Operations; readonly second: Operations; readonly close: () => Promise<void> }>,
): void {
  describe(`operations over ${name}`, () => {
    let first: Operations;
    let second: Operations;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      ({ first, second, close } = await open());
    });
    after(() => close?.());

    const notice = (key: string, seenMs: number, title = 'T'): NewNotice => ({
      key,
      kind: 'session-missing',
      severity: 'warning',
      title,
      text: 'text',
      session: null,
      seenMs,
    });

    test('a run is started once, ends, and is begun again', async () => {
      const run = { id: 'run-1', kind: 'daily', input: '{"a":1}', startedMs: 1_700_000_000_000 };
      const outcomes = await Promise.allSettled([first.startRun(run), second.startRun(run)]);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      await first.finishRun('run-1', { state: 'failed', endedMs: 1_700_000_000_500, output: null, error: 'E' });
      assert.deepEqual(await second.run('run-1'), {
        ...run,
        state: 'failed',
        endedMs: 1_700_000_000_500,
        output: null,
        error: 'E',
        tries: 1,
      });
      await second.restartRun('run-1', 1_700_000_001_000);
      const again = await first.run('run-1');
      assert.deepEqual([again?.state, again?.tries, again?.endedMs], ['running', 2, null]);
      assert.equal(await first.run('nothing'), undefined);
    });

    test('the newest runs come first', async () => {
      for (const [id, startedMs] of [
        ['run-2', 5],
        ['run-3', 9],
        ['run-4', 7],
      ] as const)
        await first.startRun({ id, kind: 'daily', input: '{}', startedMs });
      const ids = (await second.runs(3)).map(({ id }) => id);
      assert.deepEqual(ids, ['run-1', 'run-3', 'run-4']);
    });

    test('a step is one row an attempt, and its newest state counts', async () => {
      const step: RunStep = {
        runId: 'run-1',
        step: 'fetch bars',
        attempt: 1,
        state: 'running',
        startedMs: 10,
        endedMs: null,
        rows: null,
        detail: null,
        error: null,
      };
      await first.recordStep(step);
      await first.recordStep({ ...step, state: 'failed', endedMs: 20, error: 'E' });
      await second.recordStep({
        ...step,
        attempt: 2,
        startedMs: 30,
        state: 'succeeded',
        endedMs: 40,
        rows: 7,
        detail: 'd',
      });
      const steps = await first.steps('run-1');
      assert.deepEqual(
        steps.map(({ attempt, state, rows }) => [attempt, state, rows]),
        [
          [1, 'failed', null],
          [2, 'succeeded', 7],
        ],
      );
    });

    test('of two who want a lease at once one gets it, and the other is told who', async () => {
      const lease = { name: 'l', nowMs: 1000, ttlMs: 500 };
      const outcomes = await Promise.all([
        first.acquireLease({ ...lease, holder: 'a' }),
        second.acquireLease({ ...lease, holder: 'b' }),
      ]);
      assert.equal(outcomes.filter(({ taken }) => taken).length, 1);
      const winner = outcomes[0].taken ? 'a' : 'b';
      const loser = outcomes.find((outcome) => !outcome.taken);
      assert.deepEqual(loser, { taken: false, holder: winner, expiresMs: 1500 });
      assert.equal(await first.renewLease({ ...lease, nowMs: 1400, holder: winner }), true);
      // It runs out at 1900, and is taken over then.
      const taken = await second.acquireLease({ ...lease, nowMs: 1900, holder: 'c' });
      assert.deepEqual(taken, { taken: true, from: winner });
      assert.equal(await first.renewLease({ ...lease, nowMs: 1950, holder: winner }), false);
      await first.releaseLease('l', winner);
      assert.equal((await first.acquireLease({ ...lease, nowMs: 1960, holder: 'd' })).taken, false);
      await second.releaseLease('l', 'c');
      assert.deepEqual(await first.acquireLease({ ...lease, nowMs: 1970, holder: 'd' }), {
        taken: true,
        from: undefined,
      });
    });

    test('a lease that was given by a clock which was ahead holds nobody up once the clock is right', async () => {
      const [nowMs, ttlMs, aheadMs] = [1_000_000, 120_000, 20 * 86_400_000];
      await first.acquireLease({ name: 'ahead', holder: 'dead', nowMs: nowMs + aheadMs, ttlMs });
      const taken = await second.acquireLease({ name: 'ahead', holder: 'a', nowMs, ttlMs });
      assert.deepEqual(taken, { taken: true, from: 'dead' });
      // Some minutes are what clocks of two machines may differ by.
      const early = await first.acquireLease({ name: 'ahead', holder: 'b', nowMs: nowMs - 600_000, ttlMs });
      assert.equal(early.taken, false);
    });

    test('one condition is news once, however often and by however many it is found', async () => {
      const found = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? first : second).openNotice(notice('k', 100 + index)),
        ),
      );
      assert.equal(found.filter((isNews) => isNews).length, 1);
      await first.openNotice(notice('k', 200, 'newest'));
      const open = (await second.notices({ openOnly: true, limit: 10 })).filter(({ key }) => key === 'k');
      assert.equal(open.length, 1);
      assert.deepEqual([open[0]?.count, open[0]?.title, open[0]?.lastSeenMs], [11, 'newest', 200]);
      const over = await Promise.all([first.resolveNotice('k', 300), second.resolveNotice('k', 300)]);
      assert.equal(over.filter((one) => one !== undefined).length, 1);
      assert.equal(await first.openNotice(notice('k', 400)), true);
      assert.equal((await first.notices({ openOnly: false, limit: 10 })).filter(({ key }) => key === 'k').length, 2);
    });

    test('each channel gets each event once, oldest first', async () => {
      const events = await first.undelivered({ channel: 'mail', nowMs: 1, limit: 100 });
      assert.deepEqual(
        events.map(({ event }) => event),
        ['opened', 'resolved', 'opened'],
      );
      const [opened] = events;
      assert.ok(opened !== undefined);
      await Promise.all([first.markDelivered('mail', opened, 1), second.markDelivered('mail', opened, 2)]);
      assert.deepEqual(
        (await second.undelivered({ channel: 'mail', nowMs: 1, limit: 100 })).map(({ event }) => event),
        ['resolved', 'opened'],
      );
      assert.equal((await second.undelivered({ channel: 'hook', nowMs: 1, limit: 100 })).length, 3);
    });

    test('what a channel refused waits behind what is new, and for its instant', async () => {
      for (const [key, seenMs] of [
        ['refused', 2000],
        ['later', 2100],
      ] as const)
        await first.openNotice(notice(key, seenMs));
      const waiting = async (nowMs: number): Promise<string[]> =>
        (await second.undelivered({ channel: 'picky', nowMs, limit: 100 }))
          .map(({ notice: { key } }) => key)
          .filter((key) => key === 'refused' || key === 'later');
      assert.deepEqual(await waiting(0), ['refused', 'later']);
      const events = await first.undelivered({ channel: 'picky', nowMs: 0, limit: 100 });
      const event = events.find(({ notice: { key } }) => key === 'refused');
      assert.ok(event !== undefined);
      assert.equal(await first.markRefused('picky', event, 500), 1);
      assert.equal(await second.markRefused('picky', event, 1000), 2);
      assert.deepEqual(await waiting(999), ['later']);
      assert.deepEqual(await waiting(1000), ['later', 'refused']);
      await first.resolveNotice('refused', 2200);
      const of = async (nowMs: number): Promise<string[]> =>
        (await second.undelivered({ channel: 'picky', nowMs, limit: 100 }))
          .filter(({ notice: { key } }) => key === 'refused')
          .map((one) => one.event);
      assert.deepEqual([await of(999), await of(1000)], [['resolved'], ['resolved', 'opened']]);
      await first.resolveNotice('later', 2300);
      await first.forgetBefore(2301);
      assert.deepEqual(await waiting(1000), []);
    });

    test('listings are replaced as a whole, and found by the beginning of a symbol or a part of a name', async () => {
      const row = (symbol: string, label: string | null) => ({
        securityId: symbol,
        symbol,
        firstSession: '2020-01-02' as never,
        lastSession: null,
        name: label,
        type: 'CS',
        exchange: 'XNYS',
      });
      const many = Array.from({ length: 1200 }, (_, index) => row(`X${index}`, `Number ${index}`));
      await first.replaceListings(many, 0);
      await second.replaceListings(
        [row('AA', 'Alcoa'), row('AAPL', 'Apple'), row('BACpB', '100% Bank_A'), row('ZA', null)],
        1,
      );
      const search = async (text: string): Promise<string[]> =>
        (await first.searchListings(text, 10)).map(({ symbol }) => symbol);
      assert.deepEqual(await search('AA'), ['AA', 'AAPL']);
      assert.deepEqual(await search('appl'), ['AAPL']);
      assert.deepEqual(await search('%'), ['BACpB']);
      assert.deepEqual(await search('_a'), ['BACpB']);
      assert.deepEqual(await search('X1'), []);
    });

    test('an event of an old notice comes after what was told before it', async () => {
      await first.openNotice(notice('slow', 1000));
      await first.openNotice(notice('quick', 1100));
      await first.resolveNotice('quick', 1200);
      await first.resolveNotice('slow', 1300);
      const order = async (): Promise<string[]> =>
        (await first.undelivered({ channel: 'order', nowMs: 1, limit: 100 }))
          .filter((event) => event.notice.key !== 'k')
          .map(({ event, notice: { key } }) => `${key} ${event}`);
      assert.deepEqual(await order(), ['slow opened', 'quick opened', 'quick resolved', 'slow resolved']);
      const opened = (await first.undelivered({ channel: 'order', nowMs: 1, limit: 100 })).find(
        ({ notice: { key } }) => key === 'slow',
      );
      assert.ok(opened !== undefined);
      await first.markDelivered('order', opened, 1);
      assert.deepEqual(await order(), ['quick opened', 'quick resolved', 'slow resolved']);
    });

    test('a text with U+0000 is kept, and found again', async () => {
      await first.startRun({ id: 'run-\u0000', kind: 'daily', input: '{}', startedMs: 1 });
      await first.finishRun('run-\u0000', { state: 'failed', endedMs: 2, output: null, error: 'a\u0000b' });
      assert.equal((await second.run('run-\u0000'))?.error, 'a\uFFFDb');
    });

    test('what ended long ago is forgotten; what runs or is open is not', async () => {
      for (const [id, startedMs] of [
        ['old', 10],
        ['running', 10],
        ['new', 5000],
      ] as const)
        await first.startRun({ id: `forget-${id}`, kind: 'daily', input: '{}', startedMs });
      for (const id of ['old', 'new']) {
        await first.finishRun(`forget-${id}`, { state: 'succeeded', endedMs: 5001, output: null, error: null });
        const step = { runId: `forget-${id}`, step: 'plan', attempt: 1, state: 'succeeded', startedMs: 11 } as const;
        await first.recordStep({ ...step, endedMs: 12, rows: null, detail: null, error: null });
      }
      await first.openNotice(notice('forget-open', 10));
      await first.openNotice(notice('forget-old', 10));
      await first.resolveNotice('forget-old', 20);
      assert.ok((await second.forgetBefore(4000)) >= 2);
      assert.equal(await second.forgetBefore(4000), 0);
      assert.equal(await first.run('forget-old'), undefined);
      assert.deepEqual(await first.steps('forget-old'), []);
      assert.equal((await first.run('forget-running'))?.state, 'running');
      assert.equal((await first.steps('forget-new')).length, 1);
      const keys = (await first.notices({ openOnly: false, limit: 100 })).map(({ key }) => key);
      assert.ok(keys.includes('forget-open') && !keys.includes('forget-old'));
    });
  });
}
