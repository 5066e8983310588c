import { z } from '@hono/zod-openapi';
import { defined } from '#base/assert.ts';
import { UsageError } from '#base/errors.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { sqlText } from '#lake/sql-text.ts';
import { DIVIDENDS, SPLITS } from '#lake/tables.ts';
import type { MarketAnswerDeps } from '../../http/market-answer.ts';
import { type ListPage, type ListQuery, pageAnswer } from '../../http/paged-list.ts';
import { asOfParameter, choice, cursorParameter, flag, pageLimit } from '../../http/parameters.ts';
import { addRoute } from '../../http/route.ts';
import type { Serving, ServingApp } from '../../http/serving.ts';
import { fieldsOf, formatParameter } from '../../http/table-format.ts';
import { dividendsShape, newerDividendsShape, newerSplitsShape, splitsShape } from '../shapes/reference.ts';
import { FACTOR_TABLES, readFactors, readSplitFactors } from './adjustment-factors.ts';
import { type DividendRow, dividendOf, newerDividendOf, newerSplitOf, type SplitRow, splitOf } from './event-bodies.ts';
import { dividendsPage, type EventsPage, knownValues, splitsPage } from './events.sql.ts';
import {
  anyOf,
  dateLiteral,
  dateRange,
  filterUnknown,
  isOpen,
  numberLiteral,
  numberRange,
  rangeIn,
  rangeSql,
  textRange,
} from './filters.ts';
import { listEnvelope } from './list-envelope.ts';

/**
 * Splits and dividends, in both families of the vendor. They are listed as they were announced, those that contradict each other
 * too: which of them count is said by their factors, and by `/condvest/v1/events`.
 */

const cursor = cursorParameter;
const order = choice(['asc', 'desc'], 'desc');
const limit = pageLimit({ max: 1000, default: 10 });
const newerPaging = {
  limit: pageLimit({ max: 5000, default: 100 }),
  sort: z
    .string()
    .max(200, 'at most 200 characters')
    .optional()
    .openapi({ pattern: String.raw`^([a-z_]+(\.(asc|desc))?(,[a-z_]+(\.(asc|desc))?)*)?$`, example: 'ticker.asc' }),
  as_of: asOfParameter,
  format: formatParameter,
  cursor,
};

const splitsQuery = z.object({
  ...textRange('ticker'),
  ...dateRange('execution_date'),
  reverse_split: flag(undefined).openapi({
    description: 'Only splits into fewer shares (true), or only the others (false)',
  }),
  order,
  limit,
  sort: choice(['execution_date', 'ticker'], 'execution_date'),
  as_of: asOfParameter,
  format: formatParameter,
  cursor,
});

const newerSplitsQuery = z.object({
  ...textRange('ticker'),
  ...anyOf('ticker'),
  ...dateRange('execution_date'),
  adjustment_type: choice(['', 'forward_split', 'reverse_split', 'stock_dividend'], ''),
  ...anyOf('adjustment_type'),
  ...newerPaging,
});

const dividendsQuery = z.object({
  ...textRange('ticker'),
  ...dateRange('ex_dividend_date'),
  ...dateRange('record_date'),
  ...dateRange('declaration_date'),
  ...dateRange('pay_date'),
  ...numberRange('cash_amount'),
  ...numberRange('frequency'),
  dividend_type: choice(['', 'CD', 'SC', 'LT', 'ST'], ''),
  order,
  limit,
  sort: choice(
    ['ex_dividend_date', 'pay_date', 'declaration_date', 'record_date', 'cash_amount', 'ticker'],
    'ex_dividend_date',
  ),
  as_of: asOfParameter,
  format: formatParameter,
  cursor,
});

const newerDividendsQuery = z.object({
  ...textRange('ticker'),
  ...anyOf('ticker'),
  ...dateRange('ex_dividend_date'),
  ...dateRange('record_date'),
  ...dateRange('declaration_date'),
  ...dateRange('pay_date'),
  ...numberRange('frequency'),
  distribution_type: choice(['', 'recurring', 'special', 'supplemental', 'irregular', 'unknown'], ''),
  ...anyOf('distribution_type'),
  ...newerPaging,
});

const SPLIT_FIELDS = fieldsOf({
  ...{ id: 'string', ticker: 'string', execution_date: 'date', split_from: 'double', split_to: 'double' },
});
const NEWER_SPLIT_FIELDS = [
  ...SPLIT_FIELDS,
  ...fieldsOf({ adjustment_type: 'string', historical_adjustment_factor: 'double' }),
];
const DIVIDEND_DATES = { declaration_date: 'date', record_date: 'date', pay_date: 'date' } as const;
const DIVIDEND_FIELDS = fieldsOf({
  ...{ id: 'string', ticker: 'string', cash_amount: 'double', currency: 'string', dividend_type: 'string' },
  ...{ ex_dividend_date: 'date', ...DIVIDEND_DATES, frequency: 'integer' },
});
const NEWER_DIVIDEND_FIELDS = fieldsOf({
  ...{ id: 'string', ticker: 'string', cash_amount: 'double', currency: 'string', distribution_type: 'string' },
  ...{ ex_dividend_date: 'date', ...DIVIDEND_DATES, frequency: 'integer' },
  ...{ historical_adjustment_factor: 'double', split_adjusted_cash_amount: 'double' },
});

export function addEventRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v3/reference/splits',
    summary: 'Splits as announced',
    query: splitsQuery,
    answer: splitsShape,
    handle: (c) =>
      pageAnswer(c, serving, {
        schema: splitsQuery,
        table: SPLIT_FIELDS,
        uses: [SPLITS.name],
        envelope: listEnvelope,
        read: async (request) => (await readSplits(serving, request, olderSplits(request.query))).map(splitOf),
      }),
  });
  addRoute(app, 'vendor', {
    path: '/stocks/v1/splits',
    summary: 'Splits as announced, with the factor by which prices before them are adjusted',
    query: newerSplitsQuery,
    answer: newerSplitsShape,
    handle: (c, { query }) => {
      sortsOf(query.sort, SPLIT_SORTS);
      refuseStockDividends(query);
      return pageAnswer(c, serving, {
        schema: newerSplitsQuery,
        table: NEWER_SPLIT_FIELDS,
        uses: FACTOR_TABLES,
        envelope: listEnvelope,
        read: async (request) => {
          const rows = await readSplits(serving, request, newerSplits(request.query));
          const factors = await readSplitFactors(serving, request.view);
          return rows.map((row) => newerSplitOf(row, factors));
        },
      });
    },
  });
  addRoute(app, 'vendor', {
    path: '/v3/reference/dividends',
    summary: 'Dividends as announced',
    query: dividendsQuery,
    answer: dividendsShape,
    handle: (c) =>
      pageAnswer(c, serving, {
        schema: dividendsQuery,
        table: DIVIDEND_FIELDS,
        uses: [DIVIDENDS.name],
        envelope: listEnvelope,
        read: async (request) => (await readDividends(serving, request, olderDividends(request.query))).map(dividendOf),
      }),
  });
  addRoute(app, 'vendor', {
    path: '/stocks/v1/dividends',
    summary: 'Dividends as announced, with the factor by which prices before them are adjusted',
    query: newerDividendsQuery,
    answer: newerDividendsShape,
    handle: (c, { query }) => {
      sortsOf(query.sort, DIVIDEND_SORTS);
      return pageAnswer(c, serving, {
        schema: newerDividendsQuery,
        table: NEWER_DIVIDEND_FIELDS,
        uses: FACTOR_TABLES,
        envelope: listEnvelope,
        read: async (request) => {
          const rows = await readDividends(serving, request, newerDividends(request.query));
          const shown = rows.slice(0, request.query.limit).map((row) => ({ symbol: row.symbol, exDate: row.ex_date }));
          const factors = await readFactors(serving, request.view, shown);
          return rows.map((row) => newerDividendOf(row, factors));
        },
      });
    },
  });
}

type Conditions = Pick<EventsPage, 'where' | 'having' | 'orderBy'>;

function olderSplits(query: z.infer<typeof splitsQuery>): Conditions {
  const { reverse_split: isReverse, sort, order } = query;
  const direction = isReverse === undefined ? [] : [`split_from ${isReverse ? '>' : '<='} split_to`];
  return {
    where: [...tickerIn(query), ...rangeSql('ex_date', rangeIn<string>(query, 'execution_date'), dateLiteral)],
    having: direction,
    orderBy: [`${sort === 'ticker' ? 'symbol' : 'ex_date'} ${order}`],
  };
}

function newerSplits(query: z.infer<typeof newerSplitsQuery>): Conditions {
  return {
    where: [...tickerIn(query), ...rangeSql('ex_date', rangeIn<string>(query, 'execution_date'), dateLiteral)],
    having: oneOf(query, 'adjustment_type').map((condition) => `(${ADJUSTMENT_TYPE}) ${condition}`),
    orderBy: sortsOf(query.sort, SPLIT_SORTS),
  };
}

function olderDividends(query: z.infer<typeof dividendsQuery>): Conditions {
  const column = { ticker: 'symbol', ex_dividend_date: 'ex_date' }[query.sort as string] ?? query.sort;
  return {
    where: tickerIn(query),
    having: [
      ...rangeSql('ex_date', rangeIn<string>(query, 'ex_dividend_date'), dateLiteral),
      ...otherDatesIn(query),
      ...rangeSql('cash_amount', rangeIn<number>(query, 'cash_amount'), numberLiteral),
      ...rangeSql('frequency', rangeIn<number>(query, 'frequency'), numberLiteral),
      ...(query.dividend_type === '' ? [] : [`(${DIVIDEND_TYPE}) = ${sqlText(query.dividend_type)}`]),
    ],
    orderBy: [`${column} ${query.order} NULLS LAST`, `ex_date ${query.order}`],
  };
}

/** Dates of a dividend that not every source has. */
const OTHER_DATES = ['declaration_date', 'record_date', 'pay_date'] as const;

function otherDatesIn(query: Readonly<Record<string, unknown>>): string[] {
  return OTHER_DATES.flatMap((name) => rangeSql(name, rangeIn<string>(query, name), dateLiteral));
}

function newerDividends(query: z.infer<typeof newerDividendsQuery>): Conditions {
  return {
    where: tickerIn(query),
    having: [
      ...rangeSql('ex_date', rangeIn<string>(query, 'ex_dividend_date'), dateLiteral),
      ...otherDatesIn(query),
      ...rangeSql('frequency', rangeIn<number>(query, 'frequency'), numberLiteral),
      ...oneOf(query, 'distribution_type').map((condition) => `(${DISTRIBUTION_TYPE}) ${condition}`),
    ],
    orderBy: sortsOf(query.sort, DIVIDEND_SORTS),
  };
}

/** Sources give a stock dividend as a split: it cannot be told from one. */
function refuseStockDividends(query: Readonly<Record<string, unknown>>): void {
  const types = [
    query['adjustment_type'],
    ...((query['adjustment_type.any_of'] as readonly string[] | undefined) ?? []),
  ];
  if (!types.includes('stock_dividend') || types.includes('forward_split')) return;
  throw filterUnknown('Splits', 'stock_dividend', 'Stock dividends are listed as forward_split');
}

const ADJUSTMENT_TYPE = `CASE WHEN split_to < split_from THEN 'reverse_split' ELSE 'forward_split' END`;
const DIVIDEND_TYPE = `CASE WHEN kind IN ('SC', 'LT', 'ST') THEN kind WHEN kind IN ('SU', 'IR') THEN 'SC' ELSE 'CD' END`;
const DISTRIBUTION_TYPE = `CASE kind WHEN 'CD' THEN 'recurring' WHEN 'SC' THEN 'special' WHEN 'SU' THEN 'supplemental'
  WHEN 'IR' THEN 'irregular' WHEN 'LT' THEN 'irregular'
  WHEN 'ST' THEN 'irregular' ELSE 'unknown' END`;

function tickerIn(query: Readonly<Record<string, unknown>>): string[] {
  return rangeSql('symbol', rangeIn<string>(query, 'ticker'), sqlText);
}

function oneOf(query: Readonly<Record<string, unknown>>, name: string): string[] {
  const one = query[name];
  const several = (query[`${name}.any_of`] as readonly string[] | undefined) ?? [];
  return [
    ...(typeof one === 'string' && one !== '' ? [`= ${sqlText(one)}`] : []),
    ...(several.length === 0 ? [] : [`IN (${several.map(sqlText).join(', ')})`]),
  ];
}

interface Sorts {
  /** Expression by the name of the column in answers. */
  readonly columns: Readonly<Record<string, string>>;
  readonly default: string;
}

const SPLIT_SORTS: Sorts = {
  columns: {
    execution_date: 'ex_date',
    ticker: 'symbol',
    adjustment_type: `(${ADJUSTMENT_TYPE})`,
    split_from: 'split_from',
    split_to: 'split_to',
  },
  default: 'execution_date.desc',
};

const DIVIDEND_SORTS: Sorts = {
  columns: {
    ticker: 'symbol',
    ex_dividend_date: 'ex_date',
    frequency: 'frequency',
    distribution_type: `(${DISTRIBUTION_TYPE})`,
    cash_amount: 'cash_amount',
    declaration_date: 'declaration_date',
    record_date: 'record_date',
    pay_date: 'pay_date',
  },
  default: 'ticker.asc',
};

/** `col.asc,col2.desc` as ORDER BY terms. Throws `parameter-invalid` for anything else. */
function sortsOf(text: string | undefined, sorts: Sorts): string[] {
  const asked = text === undefined || text.trim() === '' ? sorts.default : text;
  return asked.split(',').map((term) => {
    const [name = '', direction = 'asc', ...more] = term.trim().split('.');
    const column = Object.hasOwn(sorts.columns, name) ? sorts.columns[name] : undefined;
    if (column !== undefined && (direction === 'asc' || direction === 'desc') && more.length === 0)
      return `${column} ${direction}`;
    throw new UsageError({
      code: 'parameter-invalid',
      message: 'Parameter "sort" is invalid',
      found: asked,
      allowed: `columns separated by commas, each with .asc or .desc: ${Object.keys(sorts.columns).join(', ')}`,
    });
  });
}

type Reading = Pick<ListPage<ListQuery>, 'view' | 'offset' | 'query'>;

function readSplits(serving: MarketAnswerDeps, request: Reading, conditions: Conditions): Promise<SplitRow[]> {
  return readEvents(serving, request, SPLITS, (scan, page) => splitsPage(scan, { ...page, ...conditions }));
}

async function readDividends(
  serving: MarketAnswerDeps,
  request: Reading,
  conditions: Conditions,
): Promise<DividendRow[]> {
  await refuseUnknownDates(serving, request);
  return readEvents(serving, request, DIVIDENDS, (scan, page) =>
    dividendsPage(scan, { ...page, ...conditions, byFrequency: usesFrequency(conditions) }),
  );
}

/**
 * Throws `filter-unknown` for a filter by a date that none of the ticker's dividends has: no dividend matches it as far as is
 * known, which is not what an empty list says. Where some have it, those are compared.
 */
async function refuseUnknownDates({ lake }: Pick<Serving, 'lake'>, { view, query }: Reading): Promise<void> {
  const filters: Readonly<Record<string, unknown>> = { ...query };
  const snapshot = view.snapshot(DIVIDENDS);
  const filtered = OTHER_DATES.filter((name) => !isOpen(rangeIn(filters, name)));
  if (snapshot === undefined || filtered.length === 0) return;
  const scan = await lake.table(DIVIDENDS).scanSql(snapshot.files);
  for (const name of filtered) {
    const [counted] = await lake.rows<{ rows: number; known: number }>(knownValues(scan, tickerIn(filters), name));
    const { rows, known } = defined(counted, 'a count has a row');
    if (rows === 0 || known > 0) continue;
    throw filterUnknown('Dividends', name, 'Filter by ex_dividend_date, or import a file that has this date');
  }
}

function usesFrequency({ having, orderBy }: Conditions): boolean {
  return [...having, ...orderBy].some((text) => text.startsWith('frequency '));
}

async function readEvents<Row>(
  { lake }: Pick<Serving, 'lake'>,
  { view, offset, query: { limit } }: Reading,
  definition: TableDefinition,
  statement: (scan: string, page: Pick<EventsPage, 'offset' | 'limit'>) => string,
): Promise<Row[]> {
  const snapshot = view.snapshot(definition);
  if (snapshot === undefined) return [];
  const scan = await lake.table(definition).scanSql(snapshot.files);
  return lake.rows<Row>(statement(scan, { offset, limit: limit + 1 }));
}
