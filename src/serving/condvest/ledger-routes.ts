import { z } from '@hono/zod-openapi';
import { type IsoDate, toEpochDay } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { SqlParameter } from '#lake/engine-session.ts';
import type { QualityReport } from '#lake/reports.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { QUARANTINE, RESTATEMENTS, SESSIONS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { fresh, freshTable } from '../http/answer.ts';
import { notFound } from '../http/http-errors.ts';
import { type ListDeps, pageAnswer } from '../http/paged-list.ts';
import {
  choice,
  cursorParameter,
  dateParameter,
  optionalDate,
  pageLimit,
  symbolParameter,
} from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import { requesterOf, type Serving, type ServingApp } from '../http/serving.ts';
import { fieldsOf, formatOf, formatParameter, tableOf } from '../http/table-format.ts';
import type { LakeView } from '../read/view.ts';
import { gapRuns } from './gap-runs.ts';
import { countSql, quarantineSql, restatementsSql } from './ledger.sql.ts';
import { listLedger, sessionAnswer } from './ledger-list.ts';
import {
  type GapsAnswer,
  gapsShape,
  oneSessionShape,
  type QualityAnswer,
  type QuarantineAnswer,
  quarantineShape,
  type RestatementsAnswer,
  rangeQualityShape,
  restatementsShape,
  sessionsShape,
} from './shapes/ledger.ts';

const PAGE_MAX = 20_000;
const FINDINGS_MAX = 1000;
/** Sessions looked at for quality where no range is given: about a quarter of a year. */
const QUALITY_SESSIONS = 63;
/** Every bar of the range is looked at: ten years of a whole market would keep all others waiting for a minute. */
const QUALITY_DAYS_MAX = 366;

const optionalSymbol = symbolParameter.optional();
const anyText = (max: number) =>
  z
    .string()
    .max(max, `at most ${max} characters`)
    .optional()
    .transform((text) => (text === '' ? undefined : text));

const sessionsQuery = z.object({
  from: optionalDate,
  to: optionalDate,
  state: choice(['any', 'missing', 'partial', 'provisional', 'settled'], 'any'),
  limit: pageLimit({ max: PAGE_MAX, default: 1000 }),
});

const findingsLimit = pageLimit({ max: FINDINGS_MAX, default: 20 });

const quarantineQuery = z.object({
  session: optionalDate,
  reason: anyText(200),
  limit: pageLimit({ max: PAGE_MAX, default: 100 }),
});

const restatementsQuery = z.object({
  symbol: optionalSymbol,
  from: optionalDate,
  to: optionalDate,
  kind: choice(['any', 'settlement', 'restatement', 'restore'], 'any'),
  limit: pageLimit({ max: PAGE_MAX, default: 1000 }),
});

export function addLedgerRoutes(app: ServingApp, serving: ListDeps & Pick<Serving, 'lake' | 'operations'>): void {
  const { lake, calendar, clock, operations, reads } = serving;
  addRoute(app, 'condvest', {
    path: '/condvest/v1/sessions',
    summary: 'The ledger: every session and how final it is',
    description: 'Newest first. Sessions without any bar are `missing`.',
    query: sessionsQuery.extend({ cursor: cursorParameter }),
    answer: sessionsShape,
    handle: (c) =>
      pageAnswer(c, serving, {
        schema: sessionsQuery,
        uses: [SESSIONS.name],
        also: ({ atMs }) => calendar.lastClosedSession(atMs),
        read: async ({ view, query: { from, to, state, limit }, offset, atMs }) => {
          const all = await listLedger(lake, calendar, view, calendar.lastClosedSession(atMs));
          const wanted = all.filter(
            (row) =>
              (from === undefined || row.session >= from) &&
              (to === undefined || row.session <= to) &&
              (state === 'any' || row.state === state),
          );
          return wanted.reverse().slice(offset, offset + limit + 1);
        },
      }),
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/sessions/{session}',
    summary: 'One session, with its warnings',
    params: z.object({ session: dateParameter }),
    query: z.object({ limit: findingsLimit }),
    answer: oneSessionShape,
    handle: async (c, { params: { session }, query: { limit } }) => {
      const view = await serving.views.current();
      const lastClosed = calendar.lastClosedSession(clock.nowMs());
      return reads
        .pass(async () => {
          const ledger = await listLedger(lake, calendar, view, lastClosed);
          const row = ledger.find((one) => one.session === session);
          if (row === undefined && !(calendar.isSession(session) && session <= lastClosed)) throw noSession(session);
          const quality = qualityAnswer(await operations.quality({ from: session, to: session, limit }));
          return { ...(row ?? sessionAnswer(calendar, session)), quality };
        })
        .then((body) => fresh(c, body));
    },
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/gaps',
    summary: 'Gaps: missing and partial sessions, and symbols missing from sessions',
    description:
      'Consecutive sessions that lack the same are one of `runs`, newest first. As a table: a row for each gap, `kind` says of what.',
    query: z.object({ symbol: optionalSymbol, limit: findingsLimit, format: formatParameter }),
    answer: gapsShape,
    handle: async (c, { query: { symbol, limit, format } }) => {
      const report = await reads.pass(() => operations.gaps({ symbol, limit }), requesterOf(c));
      const { isEmpty, sessions, dueCount, horizon, symbols, ofSymbol } = report;
      const body: GapsAnswer = {
        is_empty: isEmpty,
        sessions_total: sessions.length,
        sessions_due: dueCount,
        runs: gapRuns(calendar, sessions).slice(0, limit),
        sessions: sessions.slice(-limit).map(({ session, reason }) => ({ session, reason })),
        horizon: horizon ?? null,
        symbols: symbols.map(({ firstSession, ...gap }) => ({
          symbol: gap.symbol,
          first_session: firstSession,
          missing: gap.missing,
          sessions: gap.sessions,
        })),
        of_symbol: ofSymbol === undefined ? null : [...ofSymbol],
      };
      return freshTable(c, body, {
        format: formatOf(c.req, format),
        fields: () => GAP_FIELDS,
        rows: (gaps) => gapRows(gaps, symbol),
      });
    },
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/quality',
    summary: 'Warnings about the bars, and rejected rows',
    description:
      `Counts, and examples of each kind up to the limit. Without \`from\`: the ${QUALITY_SESSIONS} sessions up to \`to\`; without \`to\`: ` +
      `up to the last session that has closed. At most ${QUALITY_DAYS_MAX} days at a time. As a table: the examples.`,
    query: z.object({ from: optionalDate, to: optionalDate, limit: findingsLimit, format: formatParameter }),
    answer: rangeQualityShape,
    handle: async (c, { query: { from, to, limit, format } }) => {
      const lastClosed = calendar.lastClosedSession(clock.nowMs());
      const last = to === undefined || to > lastClosed ? lastClosed : to;
      const first = from ?? sessionsUpTo(calendar, last, QUALITY_SESSIONS);
      if (toEpochDay(last) - toEpochDay(first) >= QUALITY_DAYS_MAX) throw rangeTooLong(first, last);
      const view = await serving.views.current();
      const body = await reads.pass(async () => ({
        ...qualityAnswer(await operations.quality({ from: first, to: last, limit })),
        rejected_total: await countRejected(serving, view),
      }));
      return freshTable(c, body, tableOf(c.req, format, FINDING_FIELDS, 'examples'));
    },
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/quarantine',
    summary: 'Rejected rows, with their reason',
    description: 'Newest first. `session` selects rows by their own date, if they have one.',
    query: quarantineQuery.extend({ cursor: cursorParameter }),
    answer: quarantineShape,
    handle: (c) =>
      pageAnswer(c, serving, {
        schema: quarantineQuery,
        uses: [QUARANTINE.name],
        read: ({ view, query: { session, reason, limit }, offset }) =>
          rowsOf<QuarantineAnswer['results'][number]>(serving, view, QUARANTINE, quarantineSql, [
            ...[reason ?? null, session ?? null],
            ...[limit + 1, offset],
          ]),
      }),
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/restatements',
    summary: 'Values that changed after they first arrived',
    description:
      'Newest first. `settlement`: while the session was provisional; `restatement`: after it had settled; `restore`: an earlier version was restored.',
    query: restatementsQuery.extend({ cursor: cursorParameter }),
    answer: restatementsShape,
    handle: (c) =>
      pageAnswer(c, serving, {
        schema: restatementsQuery,
        uses: [RESTATEMENTS.name],
        read: ({ view, query: { symbol, from, to, kind, limit }, offset }) =>
          rowsOf<RestatementsAnswer['results'][number]>(serving, view, RESTATEMENTS, restatementsSql, [
            ...[symbol ?? null, from ?? null, to ?? null, kind === 'any' ? null : kind],
            ...[limit + 1, offset],
          ]),
      }),
  });
}

const FINDING_FIELDS = fieldsOf({ kind: 'string', symbol: 'string', date: 'date', detail: 'string' });
const GAP_FIELDS = fieldsOf({
  ...{ kind: 'string', symbol: 'string', session: 'date', missing: 'integer', sessions: 'integer', reason: 'string' },
});

/** All gaps as rows of one table. */
function gapRows({ sessions, symbols, of_symbol }: GapsAnswer, symbol: string | undefined): object[] {
  return [
    ...sessions.map(({ session, reason }) => ({ kind: 'session', session, reason })),
    ...symbols.map(({ first_session: session, ...gap }) => ({ kind: 'symbol', session, ...gap })),
    ...(of_symbol ?? []).map((session) => ({ kind: 'session of symbol', symbol, session })),
  ];
}

function noSession(session: IsoDate) {
  return notFound('This is no session of the past', session);
}

async function countRejected(serving: Pick<Serving, 'lake'>, view: LakeView): Promise<number> {
  const [counted] = await rowsOf<{ rows: number }>(serving, view, QUARANTINE, countSql, []);
  return counted?.rows ?? 0;
}

async function rowsOf<T>(
  { lake }: Pick<Serving, 'lake'>,
  view: LakeView,
  definition: TableDefinition,
  sql: (rows: string) => string,
  parameters: readonly SqlParameter[],
): Promise<T[]> {
  const snapshot = view.snapshot(definition);
  if (snapshot === undefined) return [];
  return lake.rows<T>(sql(await lake.table(definition).scanSql(snapshot.files)), parameters);
}

function qualityAnswer({ from, to, rows, quarantined, warnings, examples }: QualityReport) {
  return {
    from: from ?? null,
    to: to ?? null,
    rows,
    quarantined: quarantined.map((count) => ({ ...count })),
    warnings: { ...warnings },
    examples: examples.map((example) => ({ ...example })) as QualityAnswer['examples'],
  };
}

/** The first of so many sessions that end on a day or before it. */
function sessionsUpTo(calendar: Calendar, last: IsoDate, count: number): IsoDate {
  const index = Math.max(calendar.indexOnOrBefore(last) - count + 1, 0);
  return calendar.sessionAt(index);
}

function rangeTooLong(from: IsoDate, to: IsoDate): UsageError {
  return new UsageError({
    code: 'quality-range-too-long',
    message: 'The range is too long for one request',
    found: `${from} to ${to}`,
    allowed: `up to ${QUALITY_DAYS_MAX} days`,
    action: 'Request a year at a time, or run on the machine of the lake: condvest quality --from',
  });
}
