import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { CondvestError } from '#base/errors.ts';
import { deliver, type TellReport, tell } from '#batch/pipeline/tell.ts';
import type { NewNotice, NoticeEvent, Operations } from '#ports/operations.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const DAY_MS = 86_400_000;
const random = seededRandom(1);

describe('telling', () => {
  let folder: string;
  let operations: Operations;
  let clock: VirtualClock;
  let got: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-tell-'));
    clock = new VirtualClock(1_800_000_000_000);
    operations = await openSqliteOperations({ path: join(folder, 'o.sqlite'), random, nowMs: 0 });
    got = [];
  });
  afterEach(async () => {
    await operations[Symbol.asyncDispose]();
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
    new CondvestError({ code: 'channel', kind, message: 'The channel did not take it' });
  const channel = (name: string, take: (event: NoticeEvent) => CondvestError | undefined = () => undefined) => ({
    channel: name,
    deliver: async (event: NoticeEvent) => {
      const refused = take(event);
      if (refused !== undefined) throw refused;
      got.push(`${name} ${event.event} ${event.notice.key}`);
    },
  });
  const say = (
    notifiers: ReturnType<typeof channel>[],
    holding: readonly NewNotice[],
    over: readonly string[] = [],
  ): Promise<TellReport> => tell({ operations, notifiers, clock, random }, () => ({ holding, over }));

  test('an event that a channel cannot take for a moment is tried again at once', async () => {
    let tries = 0;
    const shaky = channel('hook', () => (++tries < 3 ? failure('transient') : undefined));
    const before = clock.nowMs();
    assert.equal((await say([shaky], [notice('a')])).delivered, 1);
    assert.deepEqual([tries, got], [3, ['hook opened a']]);
    assert.equal(clock.nowMs() - before, 6000);
  });

  test('a channel that is away holds up no other, and gets what it missed once it is back', async () => {
    let isAway = true;
    const away = channel('hook', () => (isAway ? failure('transient') : undefined));
    const told = await say([away, channel('mail')], [notice('a'), notice('b')]);
    assert.deepEqual(got.toSorted(), ['mail opened a', 'mail opened b']);
    assert.deepEqual(told.failures, [{ channel: 'hook', error: failure('transient').message }]);
    isAway = false;
    got = [];
    assert.equal((await deliver({ operations, notifiers: [away, channel('mail')], clock, random })).delivered, 2);
    assert.deepEqual(got.toSorted(), ['hook opened a', 'hook opened b']);
  });

  test('an event that is refused for good stops no later one, and a channel that refuses all is left alone', async () => {
    const picky = channel('hook', ({ notice: { key } }) => (key === 'a' ? failure('permanent') : undefined));
    await say([picky], [notice('a'), notice('b')]);
    assert.deepEqual(got, ['hook opened b']);
    let posts = 0;
    const wrong = channel('mail', () => {
      posts += 1;
      return failure('permanent');
    });
    await say(
      [wrong],
      ['c', 'd', 'e', 'f'].map((key) => notice(key)),
    );
    assert.equal(posts, 3);
  });

  test('events that are refused for good hold up nothing that comes after them', async () => {
    const picky = channel('hook', ({ notice: { key } }) => (key.startsWith('big') ? failure('permanent') : undefined));
    await say(
      [picky],
      ['big1', 'big2', 'big3', 'big4', 'small'].map((key) => notice(key)),
    );
    clock.move(300_000);
    await deliver({ operations, notifiers: [picky], clock, random });
    assert.deepEqual(got, ['hook opened small']);
  });

  test('an event that a channel fails at, while it takes others, waits for another day and holds up none of them', async () => {
    const tried: string[] = [];
    const shaky = channel('hook', ({ notice: { key } }) => {
      tried.push(key);
      return key === 'poison' ? failure('transient') : undefined;
    });
    const told = await say([shaky], [notice('poison')]);
    assert.deepEqual([tried, told.failures.length], [['poison', 'poison', 'poison'], 1]);
    clock.move(1000);
    assert.equal((await say([shaky], [notice('poison'), notice('b'), notice('c')])).delivered, 2);
    assert.deepEqual(got.toSorted(), ['hook opened b', 'hook opened c']);
    tried.length = 0;
    const again = () => deliver({ operations, notifiers: [shaky], clock, random });
    await again();
    assert.deepEqual(tried, [], 'not again today');
    clock.move(DAY_MS);
    await again();
    assert.deepEqual(tried, ['poison', 'poison', 'poison']);
  });

  test('a channel that comes back in the middle gets what it had not taken at once', async () => {
    let tries = 0;
    const back = channel('hook', () => (++tries <= 3 ? failure('transient') : undefined));
    await say([back], [notice('a')]);
    clock.move(1000);
    tries = 0;
    await say([back], [notice('a'), notice('b')]);
    assert.deepEqual(got, ['hook opened b', 'hook opened a']);
  });

  test('a channel that is away is found to be after a few events, each tried in its turn', async () => {
    let posts = 0;
    const away = channel('hook', () => {
      posts += 1;
      return failure('transient');
    });
    const told = await say(
      [away],
      ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => notice(key)),
    );
    assert.deepEqual([posts, told.failures.length], [5, 1]);
  });

  test('what is refused is tried again a day later, given up after a week, and that is said', async () => {
    let posts = 0;
    const wrong = channel('hook', () => {
      posts += 1;
      return failure('permanent');
    });
    const lines: string[] = [];
    const again = () =>
      deliver({ operations, notifiers: [wrong], clock, random, onGivenUp: (line) => void lines.push(line) });
    await say([wrong], [notice('a')]);
    await again();
    assert.equal(posts, 1, 'not at once');
    for (let days = 0; days < 10; days += 1) {
      clock.move(DAY_MS);
      await again();
    }
    assert.equal(posts, 7);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^hook refused this notice 7 times.*: a\. The channel did not take it/);
  });

  test('of two who deliver at once one does, and the other has nothing left to do', async () => {
    const slow = {
      channel: 'hook',
      deliver: async (event: NoticeEvent) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        got.push(event.notice.key);
      },
    };
    await operations.openNotice(notice('a'));
    const deps = { operations, notifiers: [slow], clock: systemClock, random };
    const both = await Promise.all([deliver(deps), deliver(deps)]);
    assert.deepEqual(got, ['a']);
    assert.deepEqual(both.map(({ delivered }) => delivered).toSorted(), [0, 1]);
  });

  test('who dies while it delivers holds up the others for a minute', async () => {
    await operations.openNotice(notice('a'));
    const lease = { name: 'deliver', holder: 'dead', nowMs: clock.nowMs(), ttlMs: 60_000 };
    await operations.acquireLease(lease);
    assert.equal((await deliver({ operations, notifiers: [channel('hook')], clock, random })).delivered, 1);
    assert.ok(clock.nowMs() - lease.nowMs >= 60_000);
  });

  test('what began and ended while a channel was away for a week is told there no more; what goes on is', async () => {
    const away = channel('hook', () => failure('transient'));
    await say([away], [notice('short'), notice('long')]);
    await say([away], [notice('long')], ['short']);
    clock.move(8 * DAY_MS);
    await deliver({ operations, notifiers: [channel('hook')], clock, random });
    assert.deepEqual(got, ['hook opened long']);
    assert.deepEqual(await operations.undelivered({ channel: 'hook', nowMs: clock.nowMs(), limit: 10 }), []);
  });

  test('what happened leaves the list after a month, and nobody is told that it is over', async () => {
    await say([channel('hook')], [notice('restated:7', 'restated')]);
    clock.move(31 * DAY_MS);
    await say([channel('hook')], []);
    assert.deepEqual(got, ['hook opened restated:7']);
    assert.deepEqual(await operations.notices({ openOnly: true, limit: 10 }), []);
    assert.deepEqual(await operations.undelivered({ channel: 'hook', nowMs: clock.nowMs(), limit: 10 }), []);
  });
});
