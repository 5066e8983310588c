import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { FlatFileSource } from '#adapters/flat-files/daily-source.ts';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { throwFailures } from '#batch/fetch/fetch-bars.ts';
import { readHorizon } from '#batch/fetch/horizon.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { calendar, type FetchLake, openFetchLake } from '#test/fixtures/fetch-lake.ts';

/** One session that cannot be had says nothing about those before it; a source that is down, or at its end, does. */

const FIRST = isoDate('2024-01-02');
const LAST = isoDate('2024-03-28');
const SESSIONS = calendar.range(FIRST, LAST);
const SYMBOLS = ['S0', 'S1', 'S2'];
const NOON_AFTER = calendar.settlesAtMs(LAST) + 3_600_000;

describe('what ends a fetch', () => {
  let server: VendorServer;
  let lake: FetchLake;
  let folder: string;
  beforeEach(async () => {
    const grouped = new Map<string, object[]>(
      SESSIONS.map((session) => [
        session,
        SYMBOLS.map((T) => ({ T, o: 1, h: 1, l: 1, c: 1, v: 9, vw: 1, n: 7, t: calendar.closeMs(session) })),
      ]),
    );
    server = await VendorServer.open({ grouped, tickers: [], splits: [], dividends: [] }, 1000);
    lake = await openFetchLake(server, NOON_AFTER);
    folder = await mkdtemp(join(tmpdir(), 'condvest-flat-'));
  });
  afterEach(async () => {
    await lake[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const put = async (session: IsoDate, of?: IsoDate): Promise<void> => {
    const inside = join(folder, session.slice(0, 4), session.slice(5, 7));
    await mkdir(inside, { recursive: true });
    const start = of === undefined ? '0' : `${calendar.openMs(of)}000000`;
    const lines = SYMBOLS.map((symbol) => `${symbol},100,10,10,10,10,${start},5`);
    const header = 'ticker,volume,open,close,high,low,window_start,transactions';
    await writeFile(join(inside, `${session}.csv`), [header, ...lines, ''].join('\n'));
  };
  const files = () => lake.from(new FlatFileSource({ folder }));
  const withFailures = (error: (session: IsoDate) => CondvestError | undefined): DailySource => {
    const source = lake.source();
    const bars: DailySource['bars'] = async (session, signal) => {
      const failure = error(session);
      if (failure !== undefined) throw failure;
      return source.bars(session, signal);
    };
    return { name: source.name, hasReference: false, parallelMax: 3, bars } as DailySource;
  };

  test('a file that is missing among others is a hole, and hides no older one', async () => {
    const missing = isoDate('2024-03-07');
    for (const session of SESSIONS) if (session !== missing) await put(session);
    const report = await lake.fetch({ from: FIRST }, files());
    assert.equal((await lake.ledger()).size, SESSIONS.length - 1);
    assert.equal(await readHorizon(lake.test.lake, 'flat-file'), undefined);
    const one = report.sessions.find(({ session }) => session === missing);
    assert.equal(one?.outcome, 'not-yet');
    assert.match(one?.detail ?? '', /there is no file for 2024-03-07/);
    await put(missing);
    await lake.fetch({}, files());
    assert.equal((await lake.ledger()).get(missing)?.state, 'settled');
  });

  test('files that end a week ago are taken, and what comes later is waited for and no failure', async () => {
    for (const session of SESSIONS) if (session < '2024-03-21') await put(session);
    throwFailures(await lake.fetch({ from: FIRST }, files()));
    assert.deepEqual([...(await lake.ledger()).keys()], SESSIONS.slice(0, -6));
    await put(LAST);
    throwFailures(await lake.fetch({}, files()));
    assert.equal((await lake.ledger()).has(LAST), true);
  });

  test('what is older than the oldest file is beyond what there is, wherever the files lie', async () => {
    const oldest = isoDate('2024-02-01');
    for (const session of SESSIONS) if (session >= oldest) await put(session);
    const report = await lake.fetch({ from: FIRST }, files());
    assert.equal(report.horizon, '2024-01-31');
    assert.match(
      report.sessions.find(({ session }) => session === '2024-01-31')?.detail ?? '',
      /oldest is for 2024-02-01/,
    );
    // A loose file, and names that are no dates.
    for (const name of ['2024-01-16.csv', '2024-00-99.csv', 'readme.csv']) await writeFile(join(folder, name), '');
    const source = new FlatFileSource({ folder });
    assert.equal((await source.bars(isoDate('2024-01-17'))).kind, 'not-yet');
    assert.equal((await source.bars(isoDate('2024-01-12'))).kind, 'beyond-plan');
  });

  test('a file of another day under the name of this one brings nothing', async () => {
    const session = isoDate('2024-03-07');
    await put(session, isoDate('2024-03-08'));
    await put(isoDate('2024-03-06'), isoDate('2024-03-06'));
    const report = await lake.fetch({ from: isoDate('2024-03-06'), to: session }, files());
    assert.deepEqual(
      report.sessions.map((one) => [one.session, one.outcome]),
      [
        ['2024-03-06', 'fetched'],
        [session, 'failed'],
      ],
    );
    assert.match(report.sessions[1]?.error?.message ?? '', /not a session: .*2024-03-08/);
  });

  test('a file that the system refuses to read is named', async () => {
    const name = '2024-03-07.csv';
    await symlink(name, join(folder, name));
    await assert.rejects(new FlatFileSource({ folder }).bars(isoDate('2024-03-07')), {
      code: 'flat-files-unreadable',
      message: /ELOOP.*2024-03-07\.csv/,
    });
  });

  test('bad sessions here and there stop no backfill', async () => {
    const bad = new Set(['2024-03-27', '2024-03-21', '2024-03-14']);
    const source = withFailures((session) =>
      bad.has(session)
        ? new CondvestError({ code: 'source-down', kind: 'transient', message: 'It is down' })
        : undefined,
    );
    const report = await lake.fetch({ from: FIRST }, lake.from(source));
    assert.equal(report.sessions.length, SESSIONS.length);
    assert.equal((await lake.ledger()).size, SESSIONS.length - bad.size);
  });

  test('replies that cannot be read, one after the other, stop no backfill', async () => {
    const bad = SESSIONS.slice(-8, -2);
    const source = withFailures((session) =>
      bad.includes(session)
        ? new CondvestError({ code: 'reply-invalid', kind: 'corrupt', message: 'It cannot be read' })
        : undefined,
    );
    await lake.fetch({ from: FIRST }, lake.from(source));
    assert.equal((await lake.ledger()).size, SESSIONS.length - bad.length);
  });

  test('a source that is down is left alone after a few sessions', async () => {
    let asked = 0;
    const source = withFailures(() => {
      asked += 1;
      return new CondvestError({ code: 'source-down', kind: 'transient', message: 'It is down' });
    });
    const report = await lake.fetch({ from: FIRST }, lake.from(source));
    assert.ok(asked <= 3 + source.parallelMax, `${asked} requests`);
    assert.throws(() => throwFailures(report), /It is down/);
  });
});
