import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { SqlStore } from '#adapters/sql/store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { CondvestError } from '#base/errors.ts';
import { type DeliveryReport, deliver, type NotifyReport, notify } from '#batch/pipeline/notices.ts';
import type { NewNotice, NoticeEvent } from '#ports/notices.ts';
import { openSqlStore } from '#test/contract/sql-stores.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** As documented in docs/how-to/operate.md: ten attempts over five days. */
const RETRY_DELAYS_MS = [
  ...[5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS],
  ...[DAY_MS, DAY_MS, DAY_MS, DAY_MS],
];
const random = seededRandom(1);

describe('notices', () => {
  let folder: string;
  let store: SqlStore;
  let clock: VirtualClock;
  let got: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-notices-'));
    clock = new VirtualClock(1_800_000_000_000);
    store = openSqlStore({ path: join(folder, 'o.sqlite') }, random);
    got = [];
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const notice = (key: string, kind = 'session-missing'): NewNotice => ({
    key,
    kind,
    severity: 'warning',
    title: key,
    text: '',
    session: null,
    seenMs: clock.nowMs(),
  });
  const failure = (kind: 'transient' | 'permanent'): CondvestError =>
    new CondvestError({ code: 'channel', kind, message: 'The channel rejected it' });
  const channel = (name: string, reject: (event: NoticeEvent) => CondvestError | undefined = () => undefined) => ({
    channel: name,
    deliver: async (event: NoticeEvent) => {
      const error = reject(event);
      if (error !== undefined) throw error;
      got.push(`${name} ${event.event} ${event.notice.key}`);
    },
  });
  const change = (
    notifiers: ReturnType<typeof channel>[],
    holding: readonly NewNotice[],
    over: readonly string[] = [],
  ): Promise<NotifyReport> => notify({ ...store, notifiers, clock, random }, () => ({ holding, over }));
  const deliverTo = (
    notifiers: ReturnType<typeof channel>[],
    onDeadLetter: (line: string) => void = () => undefined,
  ): Promise<DeliveryReport> => deliver({ ...store, notifiers, clock, random, onDeadLetter });

  test('a request that fails for a moment is repeated within seconds', async () => {
    let requests = 0;
    const shaky = channel('hook', () => (++requests < 3 ? failure('transient') : undefined));
    const before = clock.nowMs();
    assert.equal((await change([shaky], [notice('a')])).delivered, 1);
    assert.deepEqual([requests, got], [3, ['hook opened a']]);
    assert.equal(clock.nowMs() - before, 6000);
  });

  test('a channel that is down holds up no other, and gets what it missed once it is back', async () => {
    let isDown = true;
    const down = channel('hook', () => (isDown ? failure('transient') : undefined));
    const report = await change([down, channel('mail')], [notice('a'), notice('b')]);
    assert.deepEqual(got.toSorted(), ['mail opened a', 'mail opened b']);
    const error = failure('transient').message;
    assert.deepEqual(report.failures, [
      { channel: 'hook', error },
      { channel: 'hook', error },
    ]);
    isDown = false;
    got = [];
    clock.move(5 * MINUTE_MS);
    assert.equal((await deliverTo([down, channel('mail')])).delivered, 2);
    assert.deepEqual(got, ['hook opened a', 'hook opened b']);
  });

  test('a channel that fails at three events in a row is left alone until the next delivery', async () => {
    let requests = 0;
    const down = channel('hook', () => {
      requests += 1;
      return failure('transient');
    });
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const report = await change(
      [down],
      keys.map((key) => notice(key)),
    );
    // Only the first event of a delivery is worth repeating: its failures say that the channel is down.
    assert.deepEqual([requests, report.failures.length], [5, 3]);
  });

  test('events that always fail hold up none that come after them', async () => {
    const rejecting = channel('hook', ({ notice: { key } }) =>
      key.startsWith('big') ? failure('permanent') : undefined,
    );
    await change(
      [rejecting],
      ['big1', 'big2', 'big3', 'big4', 'small'].map((key) => notice(key)),
    );
    clock.move(5 * MINUTE_MS);
    await deliverTo([rejecting]);
    assert.deepEqual(got, ['hook opened small']);
  });

  for (const [kind, requestsEach] of [
    ['transient', 3],
    ['permanent', 1],
  ] as const) {
    test(`a ${kind} failure is retried with growing delays, and after ten attempts is a dead letter`, async () => {
      let requests = 0;
      const broken = channel('hook', () => {
        requests += 1;
        return failure(kind);
      });
      const lines: string[] = [];
      const attempt = (): Promise<DeliveryReport> => deliverTo([broken], (line) => void lines.push(line));
      await store.notices.open(notice('a'));
      await attempt();
      for (const [index, delayMs] of RETRY_DELAYS_MS.entries()) {
        clock.move(delayMs - 1);
        await attempt();
        assert.equal(requests, (index + 1) * requestsEach, 'not due yet');
        assert.deepEqual([lines, await store.notices.deadLetters(10)], [[], []]);
        clock.move(1);
        await attempt();
        assert.equal(requests, (index + 2) * requestsEach);
      }
      clock.move(365 * DAY_MS);
      await attempt();
      assert.equal(requests, 10 * requestsEach);
      assert.deepEqual(lines, ['hook: not delivered after 10 attempts: a. The channel rejected it.']);
      const dead = (await store.notices.deadLetters(10)).map((one) => [one.channel, one.notice.key, one.failures]);
      assert.deepEqual(dead, [['hook', 'a', 10]]);
    });
  }

  test('a resolution comes after its opening, also when that is retried', async () => {
    let isDown = true;
    const shaky = channel('hook', () => (isDown ? failure('transient') : undefined));
    await change([shaky], [notice('a')]);
    isDown = false;
    await change([shaky], [notice('b')], ['a']);
    assert.deepEqual(got, ['hook opened b']);
    clock.move(5 * MINUTE_MS);
    await deliverTo([shaky]);
    assert.deepEqual(got, ['hook opened b', 'hook opened a', 'hook resolved a']);
  });

  test('a resolution is not delivered right after its opening failed', async () => {
    const rejecting = channel('hook', ({ event }) => (event === 'opened' ? failure('permanent') : undefined));
    await store.notices.open(notice('a'));
    await store.notices.resolve('a', clock.nowMs());
    await deliverTo([rejecting]);
    assert.deepEqual(got, []);
  });

  test('of two concurrent deliveries one delivers, and the other has nothing left to do', async () => {
    const slow = {
      channel: 'hook',
      deliver: async (event: NoticeEvent) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        got.push(event.notice.key);
      },
    };
    await store.notices.open(notice('a'));
    const deps = { ...store, notifiers: [slow], clock: systemClock, random };
    const both = await Promise.all([deliver(deps), deliver(deps)]);
    assert.deepEqual(got, ['a']);
    assert.deepEqual(both.map(({ delivered }) => delivered).toSorted(), [0, 1]);
  });

  test('a process that dies while it delivers holds up the others for a minute', async () => {
    await store.notices.open(notice('a'));
    const lease = { name: 'deliver', holder: 'dead', nowMs: clock.nowMs(), ttlMs: 60_000 };
    await store.leases.acquire(lease);
    assert.equal((await deliverTo([channel('hook')])).delivered, 1);
    assert.ok(clock.nowMs() - lease.nowMs >= 60_000);
  });

  test('notices that were resolved over a week ago are not delivered any more; open ones are', async () => {
    await change([], [notice('short'), notice('long')]);
    await change([], [notice('long')], ['short']);
    clock.move(8 * DAY_MS);
    await deliverTo([channel('hook')]);
    assert.deepEqual(got, ['hook opened long']);
    assert.deepEqual(await store.notices.undelivered({ channel: 'hook', nowMs: clock.nowMs(), limit: 10 }), []);
  });

  test('a notice about something that happened leaves the list after a month, without a resolution', async () => {
    await change([channel('hook')], [notice('restated:7', 'restated')]);
    clock.move(31 * DAY_MS);
    await change([channel('hook')], []);
    assert.deepEqual(got, ['hook opened restated:7']);
    assert.deepEqual(await store.notices.list({ openOnly: true, limit: 10 }), []);
    assert.deepEqual(await store.notices.undelivered({ channel: 'hook', nowMs: clock.nowMs(), limit: 10 }), []);
  });
});
