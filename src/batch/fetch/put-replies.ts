import type { IsoDate } from '#base/dates.ts';
import { currentLedger, type Ledger } from '../ledger/ledger.ts';
import { recordSessions } from '../ledger/record-sessions.ts';
import { putBars } from '../put/put-bars.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import type { FetchDeps, FetchedSession } from './fetched-session.ts';
import { quarantineReply } from './quarantine-reply.ts';
import type { BarsReplied, FailedReply, NothingReplied, Reply } from './reply.ts';

const STAGED_COLUMNS = [
  { name: 'symbol', type: 'string' },
  { name: 'session', type: 'date' },
  { name: 'open', type: 'double' },
  { name: 'high', type: 'double' },
  { name: 'low', type: 'double' },
  { name: 'close', type: 'double' },
  { name: 'volume', type: 'double' },
  { name: 'vwap', type: 'double' },
  { name: 'trades', type: 'long' },
] as const;

/**
 * Puts what came, bars first and the ledger after them; what did not come is in the answer too, which is in the order of the
 * sessions, the newest first.
 */
export async function putReplies(
  deps: FetchDeps,
  replies: readonly Reply[],
): Promise<{ sessions: FetchedSession[]; version: number | undefined }> {
  const { lake, source } = deps;
  const ledger = await currentLedger(lake);
  const isShort = (reply: BarsReplied): boolean => {
    const stored = ledger.get(reply.planned.session)?.rows ?? 0;
    const rows = reply.validated.accepted.length;
    return rows === 0 || rows < deps.rules.partialShare * stored;
  };
  const withBars = replies.filter((reply) => reply.kind === 'bars');
  const full = withBars.filter((reply) => !isShort(reply));
  const sessions = new Map<IsoDate, FetchedSession>();
  let version: number | undefined;
  for (const { planned, validated, fetchedAtMs } of withBars) {
    const { session } = planned;
    await quarantineReply(deps, { dataset: 'daily_bars', session, refused: validated.refused }, fetchedAtMs);
  }

  // By the instant of the fetch: `fetched_at` and the ledger speak of it, and settling depends on it. Old sessions first: where the
  // ledger is empty yet, they are what the young ones are judged by.
  for (const group of groupByInstant(full)) {
    await using scratch = await lake.scratchFile();
    using session = await lake.session();
    const rows = group.flatMap(({ validated }) => validated.accepted);
    await session.load(
      'fetched_rows',
      STAGED_COLUMNS,
      rows.map((row) =>
        STAGED_COLUMNS.map(({ name }) =>
          name === 'trades' && row.trades !== null ? Math.round(row.trades) : row[name],
        ),
      ),
    );
    await session.run(copyScratchSql('SELECT * FROM fetched_rows ORDER BY symbol, session', scratch.path));
    const put = await putBars(deps, {
      rows: readScratchSql([scratch.path]),
      ordered: true,
      source: source.name,
      fetchedAtMs: group[0]?.fetchedAtMs ?? 0,
      countUnchangedAttempts: true,
    });
    version = put.version ?? version;
    for (const { planned, validated } of group) {
      const outcome = put.outcomes.get(planned.session);
      const row = put.sessions.get(planned.session);
      sessions.set(planned.session, {
        session: planned.session,
        reason: planned.reason,
        outcome: 'fetched',
        ...(row === undefined ? {} : { state: row.row.state }),
        rows: validated.accepted.length,
        counted: row?.row.counted ?? 0,
        expected: row?.row.expected ?? null,
        inserted: outcome?.inserted ?? 0,
        replaced: outcome?.replaced ?? 0,
        quarantined: validated.refused.length,
        settledShort: row?.settledShort ?? false,
      });
    }
  }
  for (const group of groupByInstant(withBars.filter(isShort)))
    for (const one of await recordShort(deps, group, ledger)) sessions.set(one.session, one);
  for (const reply of replies) {
    if (reply.kind !== 'bars') sessions.set(reply.planned.session, withoutBars(reply, ledger));
  }
  const newestFirst = [...sessions.values()].sort((a, b) => (a.session < b.session ? 1 : -1));
  return { sessions: newestFirst, version };
}

/** A session of which nothing came: what is stored of it stays as it is. */
function withoutBars(reply: NothingReplied | FailedReply, ledger: Ledger): FetchedSession {
  const { session, reason } = reply.planned;
  const state = ledger.get(session)?.state;
  return {
    session,
    reason,
    outcome: reply.kind,
    ...(state === undefined ? {} : { state }),
    rows: 0,
    counted: 0,
    expected: null,
    inserted: 0,
    replaced: 0,
    quarantined: 0,
    settledShort: false,
    ...(reply.kind === 'failed' ? { error: reply.error, detail: reply.error.message } : { detail: reply.detail }),
  };
}

/** Replies that are short of what is stored replace nothing; that the sessions were looked for is recorded. */
async function recordShort(
  deps: FetchDeps,
  replies: readonly BarsReplied[],
  ledger: Ledger,
): Promise<FetchedSession[]> {
  const counts = replies.map(({ planned, validated }) => ({
    ...planned,
    rows: validated.accepted.length,
    stored: ledger.get(planned.session)?.rows ?? 0,
    refused: validated.refused.length,
  }));
  const { sessions } = await recordSessions(deps, {
    rowsAfter: new Map(counts.map(({ session, stored }) => [session, stored])),
    fetched: new Map(counts.map(({ session, rows }) => [session, rows])),
    changed: new Set(),
    fetchedAtMs: replies[0]?.fetchedAtMs ?? 0,
    countUnchangedAttempts: true,
  });
  return counts.map(({ session, reason, rows, stored, refused }) => {
    const validated = sessions.get(session);
    return {
      session,
      reason,
      outcome: rows === 0 ? 'empty' : 'fetched',
      ...(validated === undefined ? {} : { state: validated.row.state }),
      rows,
      counted: validated?.row.counted ?? 0,
      expected: validated?.row.expected ?? null,
      inserted: 0,
      replaced: 0,
      quarantined: refused,
      settledShort: validated?.settledShort ?? false,
      ...(stored > 0 ? { detail: `${rows} rows came, ${stored} are stored: nothing was replaced` } : {}),
    };
  });
}

/**
 * Replies whose sessions settle alike can share a commit: those of sessions long past at the earliest of their instants, and
 * each young one on its own.
 */
function groupByInstant(replies: readonly BarsReplied[]): BarsReplied[][] {
  const isOld = (reply: BarsReplied): boolean => reply.fetchedAtMs - Date.parse(reply.planned.session) > YOUNG_MS;
  const groups = Map.groupBy(replies, (reply) => (isOld(reply) ? OLD : reply.planned.session));
  const oldFirst = [...groups].sort(([a], [b]) => Number(b === OLD) - Number(a === OLD));
  return oldFirst.map(([, group]) => group.sort((a, b) => a.fetchedAtMs - b.fetchedAtMs));
}

const OLD = 'old';
/** Longer than any session takes to settle: a long weekend and a closing. */
const YOUNG_MS = 14 * 86_400_000;
