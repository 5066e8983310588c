import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { condvest, type Outcome, type RunOptions, temporaryFolder } from './command-line.ts';

/** Fetches as a user does: the real command line against a fake vendor on this machine. */

const calendar = createCalendar({ lastYear: 2028 });
const SESSIONS = calendar.range(isoDate('2024-01-02'), isoDate('2024-03-28'));
const SYMBOLS = Array.from({ length: 40 }, (_, index) => `S${index}`);
const HOLE = isoDate('2024-02-14');
const RANGE = ['--from', '2024-01-02', '--to', '2024-03-28'];

function bar(symbol: string, session: IsoDate): object {
  return { T: symbol, o: 10, h: 11, l: 9, c: 10.5, v: 1000, vw: 10.1, n: 7, t: calendar.closeMs(session) };
}

describe('the command line and a vendor', () => {
  let server: VendorServer;
  const grouped = new Map<string, object[]>();
  before(async () => {
    const names = { market: 'stocks', locale: 'us', active: true, type: 'CS', primary_exchange: 'XNYS' };
    const tickers = SYMBOLS.map((ticker) => ({ ticker, name: ticker, ...names }));
    server = await VendorServer.open({ grouped, tickers, splits: [], dividends: [] }, 1000);
  });
  beforeEach(() => {
    for (const session of SESSIONS)
      grouped.set(
        session,
        SYMBOLS.map((symbol) => bar(symbol, session)),
      );
    server.requests.length = 0;
    server.planFrom = '';
    server.delayMs = 0;
  });
  after(async () => {
    assert.deepEqual(server.contractFaults, []);
    await server[Symbol.asyncDispose]();
  });

  function run(home: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const env = {
      MASSIVE_API_KEY: server.key,
      CONDVEST_MASSIVE_URL: server.url,
      CONDVEST_REQUESTS_PER_MINUTE: '0',
      ...options.env,
    };
    return condvest(args, { ...options, home, env });
  }

  const asked = (): string[] => server.requests.flatMap((path) => /stocks\/(\d{4}-\d\d-\d\d)\?/.exec(path)?.[1] ?? []);

  async function count(home: string): Promise<Record<string, number>> {
    const sql = 'select count(*) as bars, count(distinct session) as sessions from bronze.daily_bars';
    const { out } = await run(home, ['sql', sql, '--format', 'json']);
    const [row] = JSON.parse(out) as Record<string, number>[];
    return row ?? {};
  }

  test('report a wrong key at once, in one line, and send it only once', async () => {
    await using home = await temporaryFolder();
    const { code, out, err } = await run(home.path, ['fetch'], { env: { MASSIVE_API_KEY: 'a-secret-that-is-wrong' } });
    assert.equal(code, 2);
    assert.match(err, /^condvest: The vendor does not recognize the API key.*MASSIVE_API_KEY[^\n]*\n$/);
    assert.equal(server.requests.length, 1);
    assert.ok(!`${out}${err}`.includes('a-secret-that-is-wrong'));
  });

  test('resume a killed backfill where it stopped', async () => {
    await using home = await temporaryFolder();
    server.delayMs = 15;
    const killed = await run(home.path, ['backfill', ...RANGE], {
      started: (child) => {
        server.onRequest = () => {
          if (asked().length === 42) child.kill('SIGKILL');
        };
      },
    });
    server.onRequest = undefined;
    assert.equal(killed.code, null);
    const before = asked();
    server.requests.length = 0;
    server.delayMs = 0;
    const { code, out } = await run(home.path, ['backfill', ...RANGE]);
    assert.equal(code, 0, out);
    assert.deepEqual(await count(home.path), { bars: SESSIONS.length * SYMBOLS.length, sessions: SESSIONS.length });
    const twice = asked().filter((session) => before.includes(session));
    assert.ok(twice.length < before.length && twice.length <= 20, `${twice.length} sessions were asked for twice`);
    server.requests.length = 0;
    assert.equal((await run(home.path, ['backfill', ...RANGE])).code, 0);
    assert.deepEqual(asked(), []);
  });

  test('fill one lake with two concurrent backfills, and fetch no session twice', async () => {
    await using home = await temporaryFolder();
    const both = await Promise.all([run(home.path, ['backfill', ...RANGE]), run(home.path, ['backfill', ...RANGE])]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ err }) => err).join(),
    );
    assert.deepEqual(await count(home.path), { bars: SESSIONS.length * SYMBOLS.length, sessions: SESSIONS.length });
    assert.equal((await run(home.path, ['verify'])).code, 0);
  });

  test('treat the end of the plan’s history as an end, not as a failure', async () => {
    await using home = await temporaryFolder();
    server.planFrom = '2024-02-01';
    const { code, out, err } = await run(home.path, ['backfill', ...RANGE]);
    assert.equal(code, 0, err);
    assert.match(out, /plan at massive has no history up to 2024-01-31/);
    assert.ok(!out.includes('not fetched yet'));
    const { out: gaps } = await run(home.path, ['gaps', '--json']);
    const { sessions, horizon } = JSON.parse(gaps) as { sessions: { session: string }[]; horizon: string };
    assert.equal(horizon, '2024-01-31');
    assert.ok(sessions.every(({ session }) => session > '2024-03-28'));
  });

  test('list a symbol that a session lacks, and repair it', async () => {
    await using home = await temporaryFolder();
    grouped.set(HOLE, (grouped.get(HOLE) ?? []).slice(1));
    await run(home.path, ['backfill', ...RANGE]);
    const asJson = await run(home.path, ['gaps', 'S0', '--json']);
    assert.deepEqual([asJson.code, (JSON.parse(asJson.out) as { ofSymbol: string[] }).ofSymbol], [3, [HOLE]]);
    assert.equal((await run(home.path, ['gaps', 'S1', '--json'])).code, 0, 'sessions of the market are another matter');
    const gaps = await run(home.path, ['gaps', 'S0']);
    assert.equal(gaps.code, 3);
    assert.match(gaps.out, new RegExp(`^${HOLE}\n`));
    grouped.set(HOLE, [...(grouped.get(HOLE) ?? []), bar('S0', HOLE)]);
    await run(home.path, ['repair', 'S0']);
    assert.equal((await run(home.path, ['gaps', 'S0'])).code, 0);
    assert.equal((await count(home.path)).bars, SESSIONS.length * SYMBOLS.length);
    const unknown = await run(home.path, ['gaps', 's0']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /No data for "s0"\. Did you mean S0/);
  });

  test('give the same sessions in every time zone', async () => {
    for (const TZ of ['Pacific/Auckland', 'Pacific/Honolulu']) {
      await using home = await temporaryFolder();
      const range = ['--from', '2024-03-07', '--to', '2024-03-12'];
      assert.equal((await run(home.path, ['backfill', ...range], { env: { TZ } })).code, 0);
      const sql = 'select distinct session from bronze.daily_bars order by 1';
      const { out } = await run(home.path, ['sql', sql, '--format', 'csv'], { env: { TZ } });
      assert.equal(out.trim(), 'session\n2024-03-07\n2024-03-08\n2024-03-11\n2024-03-12');
    }
  });

  test('fill history from flat files without replacing what the REST API gave', async () => {
    await using home = await temporaryFolder();
    const folder = join(home.path, 'files');
    await mkdir(join(folder, '2024', '01'), { recursive: true });
    const header = 'ticker,volume,open,close,high,low,window_start,transactions';
    for (const session of calendar.range(isoDate('2024-01-02'), isoDate('2024-01-31'))) {
      const lines = SYMBOLS.map((symbol) => `${symbol},1000,10,10.5,11,9,${calendar.closeMs(session)}000000,7`);
      await writeFile(join(folder, '2024', '01', `${session}.csv.gz`), gzipSync(`${[header, ...lines].join('\n')}\n`));
    }
    await run(home.path, ['backfill', '--from', '2024-01-22', '--to', '2024-03-28']);
    const env = { CONDVEST_SOURCE: 'flat-files', CONDVEST_FLAT_FILES: folder };
    const { code, out } = await run(home.path, ['backfill', '--from', '2024-01-02', '--to', '2024-01-31'], { env });
    assert.equal(code, 0, out);
    assert.deepEqual(await count(home.path), { bars: SESSIONS.length * SYMBOLS.length, sessions: SESSIONS.length });
    const again = await run(home.path, ['fetch', '--from', '2024-01-22', '--to', '2024-01-31', '--again'], { env });
    assert.match(again.out, / 0 bars written/, 'a file without averages takes none away');
    await writeFile(join(folder, '2024', '01', '2024-01-31.csv.gz'), 'no archive');
    const broken = await run(home.path, ['fetch', '--from', '2024-01-31', '--to', '2024-01-31', '--again'], { env });
    assert.equal(broken.code, 1);
    assert.match(broken.err, /2024-01-31\.csv\.gz: it cannot be unpacked/);
  });

  test('report what is impossible in one line', async () => {
    await using home = await temporaryFolder();
    const cases: readonly (readonly [readonly string[], RegExp, Record<string, string>?])[] = [
      [['backfill'], /neither --years nor --from/],
      [['backfill', '--years', '2', '--from', '2024-01-02'], /both --years and --from/],
      [['backfill', '--years', 'two'], /whole number/],
      [['backfill', '--from', '2024-03-01', '--to', '2024-02-01'], /ends before it starts/],
      [['backfill', '--from', '2024-02-17', '--to', '2024-02-19'], /contains no session/],
      [['fetch', '--from', '2099-01-01'], /Only closed sessions can be fetched/],
      [['fetch', '--from', '2024-02-30'], /existing date/],
      [['fetch', '--from', '1950-01-01', '--to', '1950-02-01'], /outside the exchange calendar/],
      [['pipeline', 'run', '2024-02-01'], /pipeline run takes no operand: 2024-02-01.*--session 2024-02-01/],
      [['pipeline', 'history', '20'], /pipeline history takes no operand: 20/],
      [['quality', '--session', '2024-02-18'], /contains no session/],
      [['fetch'], /MASSIVE_API_KEY/, { MASSIVE_API_KEY: 'a key' }],
      [['fetch'], /an http or https URL/, { CONDVEST_MASSIVE_URL: 'api.massive.com' }],
      [['fetch'], /from 0 to 6000/, { CONDVEST_REQUESTS_PER_MINUTE: '5 a minute' }],
      [['fetch'], /CONDVEST_FLAT_FILES is not set/, { CONDVEST_SOURCE: 'flat-files' }],
      [
        ['fetch'],
        /Cannot read the folder of flat files/,
        { CONDVEST_SOURCE: 'flat-files', CONDVEST_FLAT_FILES: '/nowhere' },
      ],
      [['fetch'], /separated by commas: late-bars/, { CONDVEST_SCENARIO: 'bad-luck' }],
      [['fetch'], /did you mean CONDVEST_SCENARIO/, { CONDVEST_SCENARIOS: 'slow' }],
    ];
    for (const [args, expected, env] of cases) {
      const { code, err } = await run(home.path, args, env === undefined ? {} : { env });
      assert.equal(code, 2, `${args.join(' ')}: ${err}`);
      assert.match(err, expected);
      assert.match(err, /^condvest: [^\n]+\n$/, args.join(' '));
    }
    assert.deepEqual(server.requests, []);
  });
});
