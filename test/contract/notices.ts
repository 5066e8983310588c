import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { defined } from '#base/assert.ts';
import type { NewNotice, Notices, UndeliveredEvent } from '#ports/notices.ts';
import type { OpenTwice } from './sql-stores.ts';

/** Contract of `Notices` over any database. Two stores over one database stand for two processes. */
export function noticesContract(name: string, open: OpenTwice): void {
  describe(`with notices over ${name},`, () => {
    let first: Notices;
    let second: Notices;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      const stores = await open();
      [first, second, close] = [stores.first.notices, stores.second.notices, stores.close];
    });
    beforeEach(async () => {
      for (const { key } of await first.list({ openOnly: true, limit: 100 })) await first.resolve(key, 1);
      await first.deleteBefore(Number.MAX_SAFE_INTEGER);
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
    const due = (nowMs: number, limit = 100): Promise<UndeliveredEvent[]> =>
      second.undelivered({ channel: 'hook', nowMs, limit });
    const dueNames = async (nowMs: number): Promise<string[]> =>
      (await due(nowMs)).map(({ event, notice: { key } }) => `${key} ${event}`);
    const dueEvent = async (key: string, event: string): Promise<UndeliveredEvent> =>
      defined(
        (await due(0)).find((one) => one.notice.key === key && one.event === event),
        'the event is due',
      );

    test('one condition is one notice, however often it is found and by however many processes', async () => {
      const found = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? first : second).open(notice('k', 100 + index))),
      );
      assert.equal(found.filter((isNew) => isNew).length, 1);
      await first.open(notice('k', 200, 'newest'));
      const open = await second.list({ openOnly: true, limit: 10 });
      assert.equal(open.length, 1);
      assert.deepEqual([open[0]?.count, open[0]?.title, open[0]?.lastSeenMs], [11, 'newest', 200]);
      const over = await Promise.all([first.resolve('k', 300), second.resolve('k', 300)]);
      assert.equal(over.filter((one) => one !== undefined).length, 1);
      assert.equal(await first.open(notice('k', 400)), true);
      assert.equal((await first.list({ openOnly: false, limit: 10 })).length, 2);
    });

    test('each channel gets each event once, oldest first', async () => {
      await first.open(notice('k', 100));
      await first.resolve('k', 300);
      await first.open(notice('k', 400));
      assert.deepEqual(await dueNames(1), ['k opened', 'k resolved', 'k opened']);
      const opened = defined((await due(1))[0], 'an event is due');
      await Promise.all([first.markDelivered('hook', opened, 1), second.markDelivered('hook', opened, 2)]);
      assert.deepEqual(await dueNames(1), ['k resolved', 'k opened']);
      assert.equal((await second.undelivered({ channel: 'mail', nowMs: 1, limit: 100 })).length, 3);
    });

    test('a resolution takes its turn among the events of other notices', async () => {
      await first.open(notice('slow', 1000));
      await first.open(notice('quick', 1100));
      await first.resolve('quick', 1200);
      await first.resolve('slow', 1300);
      const all = ['slow opened', 'quick opened', 'quick resolved', 'slow resolved'];
      assert.deepEqual(await dueNames(1), all);
      assert.equal((await due(1, 3)).length, 3);
      await first.markDelivered('hook', await dueEvent('slow', 'opened'), 1);
      assert.deepEqual(await dueNames(1), all.slice(1));
    });

    test('a failed event waits for its next attempt, then comes after events that have not failed', async () => {
      await first.open(notice('failed', 2000));
      await first.open(notice('later', 2100));
      const event = await dueEvent('failed', 'opened');
      assert.equal(event.failures, 0);
      await first.markFailed('hook', event, 500);
      await second.markFailed('hook', event, 1000);
      assert.deepEqual(await dueNames(999), ['later opened']);
      assert.deepEqual(await dueNames(1000), ['later opened', 'failed opened']);
      assert.equal((await due(1000))[1]?.failures, 2);
      assert.deepEqual(
        await second.undelivered({ channel: 'mail', nowMs: 999, limit: 1 }).then(([one]) => one?.failures),
        0,
      );
    });

    test('a resolution waits while its opening waits, and comes after it', async () => {
      await first.open(notice('k', 2000));
      await first.open(notice('other', 2100));
      await first.markFailed('hook', await dueEvent('k', 'opened'), 1000);
      await first.resolve('k', 2200);
      assert.deepEqual(await dueNames(999), ['other opened']);
      assert.deepEqual(await dueNames(1000), ['other opened', 'k opened', 'k resolved']);
    });

    test('an event without a next attempt is a dead letter: never due, and listed', async () => {
      await first.open(notice('dead', 2000));
      const event = await dueEvent('dead', 'opened');
      await first.markFailed('hook', event, 1000);
      assert.deepEqual(await second.deadLetters(10), []);
      await first.markFailed('hook', event, undefined);
      assert.deepEqual(await dueNames(Number.MAX_SAFE_INTEGER - 1), []);
      const [dead] = await second.deadLetters(10);
      assert.deepEqual([dead?.channel, dead?.event, dead?.notice.key, dead?.failures], ['hook', 'opened', 'dead', 2]);
      await first.resolve('dead', 2200);
      assert.deepEqual(await dueNames(1), ['dead resolved'], 'its resolution does not wait for it');
    });

    test('old resolved notices are deleted along with their delivery records', async () => {
      await first.open(notice('open', 10));
      await first.open(notice('old', 10));
      await first.markFailed('hook', await dueEvent('old', 'opened'), undefined);
      await first.resolve('old', 20);
      assert.equal(await second.deleteBefore(4000), 1);
      assert.equal(await second.deleteBefore(4000), 0);
      assert.deepEqual(
        (await first.list({ openOnly: false, limit: 100 })).map(({ key }) => key),
        ['open'],
      );
      assert.deepEqual(await second.deadLetters(10), []);
    });
  });
}
