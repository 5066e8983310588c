import { compare } from '#base/compare.ts';
import type { SqlParameter } from '#lake/engine-session.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { RawDailyRow } from '#market/quality.ts';
import type { ClassifiedSession } from '../ledger/classify-sessions.ts';
import { currentLedger, type Ledger } from '../ledger/ledger.ts';
import { recordSessions } from '../ledger/record-sessions.ts';
import { putBars } from '../put/put-bars.ts';
import { fetchOrigin } from '../tables/origin.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import type { FetchDeps, FetchedSession } from './fetched-session.ts';
import { quarantineReply } from './quarantine-reply.ts';
import type { BarsReplied, FailedReply, NothingReplied, Reply } from './reply.ts';

/** The columns of `bronze/daily_bars` that a reply fills. */
const FETCHED_COLUMNS = DAILY_BARS.columns.slice(
  0,
  DAILY_BARS.columns.findIndex(({ name }) => name === 'source'),
);

const NO_ROWS: Omit<FetchedSession, 'session' | 'reason' | 'outcome'> = {
  rows: 0,
  counted: 0,
  expected: null,
  inserted: 0,
  replaced: 0,
  quarantined: 0,
  settledShort: false,
};

/** Puts replies into the lake, bars before the ledger. Returns all sessions, newest first, including those without bars. */
export async function putReplies(
  deps: FetchDeps,
  replies: readonly Reply[],
): Promise<{ sessions: FetchedSession[]; version: number | undefined }> {
  const ledger = await currentLedger(deps.lake);
  const isShort = ({ planned, validated }: BarsReplied): boolean => {
    const rows = validated.accepted.length;
    return rows === 0 || rows < deps.rules.partialShare * (ledger.get(planned.session)?.rows ?? 0);
  };
  const withBars = replies.filter((reply) => reply.kind === 'bars');
  for (const { planned, validated, fetchedAtMs } of withBars) {
    const reply = { dataset: 'daily_bars', session: planned.session, rejected: validated.rejected };
    await quarantineReply(deps, reply, fetchedAtMs);
  }
  const sessions: FetchedSession[] = [];
  let version: number | undefined;
  for (const group of groupByInstant(withBars.filter((reply) => !isShort(reply)))) {
    const put = await putGroup(deps, group);
    version = put.version ?? version;
    sessions.push(...put.sessions);
  }
  for (const group of groupByInstant(withBars.filter(isShort)))
    sessions.push(...(await recordShort(deps, group, ledger)));
  for (const reply of replies) if (reply.kind !== 'bars') sessions.push(withoutBars(reply, ledger));
  return { sessions: sessions.sort((a, b) => compare(b.session, a.session)), version };
}

/** Puts replies of one fetch instant: `fetched_at`, the ledger and settlement all depend on it. */
async function putGroup(
  { lake, source, ...deps }: FetchDeps,
  group: readonly BarsReplied[],
): Promise<{ sessions: FetchedSession[]; version: number | undefined }> {
  await using scratch = await lake.scratchFile();
  using session = await lake.session();
  const rows = group.flatMap(({ validated }) => validated.accepted.map(fetchedValues));
  await session.load('fetched_rows', FETCHED_COLUMNS, rows);
  await session.run(copyScratchSql('SELECT * FROM fetched_rows ORDER BY symbol, session', scratch.path));
  const put = await putBars(
    { lake, ...deps },
    {
      rows: readScratchSql([scratch.path]),
      ordered: true,
      source: source.name,
      fetchedAtMs: group[0]?.fetchedAtMs ?? 0,
      countUnchangedAttempts: true,
      origin: fetchOrigin(source.name),
    },
  );
  const sessions = group.map(({ planned, validated }): FetchedSession => {
    const { inserted = 0, replaced = 0 } = put.outcomes.get(planned.session) ?? {};
    return {
      ...planned,
      outcome: 'fetched',
      ...stateOf(put.sessions.get(planned.session)),
      rows: validated.accepted.length,
      inserted,
      replaced,
      quarantined: validated.rejected.length,
    };
  });
  return { sessions, version: put.version };
}

function fetchedValues(row: RawDailyRow): SqlParameter[] {
  const whole = { ...row, trades: row.trades === null ? null : Math.round(row.trades) };
  return FETCHED_COLUMNS.map(({ name }) => whole[name as keyof RawDailyRow]);
}

/** Returns what the ledger says about a session, with counts of zero if it says nothing. */
function stateOf(classified: ClassifiedSession | undefined): typeof NO_ROWS {
  if (classified === undefined) return NO_ROWS;
  const { state, counted, expected } = classified.row;
  return { ...NO_ROWS, state, counted, expected, settledShort: classified.settledShort };
}

/** Describes a session without bars in the reply. Its stored bars are unchanged. */
function withoutBars(reply: NothingReplied | FailedReply, ledger: Ledger): FetchedSession {
  const state = ledger.get(reply.planned.session)?.state;
  return {
    ...reply.planned,
    outcome: reply.kind,
    ...NO_ROWS,
    ...(state === undefined ? {} : { state }),
    ...(reply.kind === 'failed' ? { error: reply.error, detail: reply.error.message } : { detail: reply.detail }),
  };
}

/** Records the attempts of replies with too few rows to replace what is stored. */
async function recordShort(
  deps: FetchDeps,
  replies: readonly BarsReplied[],
  ledger: Ledger,
): Promise<FetchedSession[]> {
  const storedOf = ({ planned }: BarsReplied): number => ledger.get(planned.session)?.rows ?? 0;
  const { sessions } = await recordSessions(deps, {
    rowsAfter: new Map(replies.map((reply) => [reply.planned.session, storedOf(reply)])),
    fetched: new Map(replies.map(({ planned, validated }) => [planned.session, validated.accepted.length])),
    changed: new Set(),
    fetchedAtMs: replies[0]?.fetchedAtMs ?? 0,
    countUnchangedAttempts: true,
  });
  return replies.map((reply): FetchedSession => {
    const { planned, validated } = reply;
    const [rows, stored] = [validated.accepted.length, storedOf(reply)];
    return {
      ...planned,
      outcome: rows === 0 ? 'empty' : 'fetched',
      ...stateOf(sessions.get(planned.session)),
      rows,
      quarantined: validated.rejected.length,
      ...(stored > 0 ? { detail: `${rows} rows arrived, ${stored} are stored: nothing was replaced` } : {}),
    };
  });
}

/**
 * Groups replies that can share a commit: those of long past sessions, which settle alike, at the earliest of their instants,
 * and each young session on its own. Old sessions come first: while the ledger is empty, they determine the expected rows.
 */
function groupByInstant(replies: readonly BarsReplied[]): BarsReplied[][] {
  const isOld = (reply: BarsReplied): boolean => reply.fetchedAtMs - Date.parse(reply.planned.session) > YOUNG_MS;
  const groups = Map.groupBy(replies, (reply) => (isOld(reply) ? OLD : reply.planned.session));
  const oldFirst = [...groups].sort(([a], [b]) => Number(b === OLD) - Number(a === OLD));
  return oldFirst.map(([, group]) => group.sort((a, b) => a.fetchedAtMs - b.fetchedAtMs));
}

const OLD = 'old';
/** Longer than any session takes to settle, over a long weekend and a closure. */
const YOUNG_MS = 14 * 86_400_000;
