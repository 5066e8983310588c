import { z } from '@hono/zod-openapi';
import { fresh } from '../../http/answer.ts';
import { notEntitled } from '../../http/http-errors.ts';
import type { MarketAnswerDeps } from '../../http/market-answer.ts';
import { pageAnswer } from '../../http/paged-list.ts';
import { choice, cursorParameter, optional, pageLimit } from '../../http/parameters.ts';
import { addRoute } from '../../http/route.ts';
import type { Serving, ServingApp } from '../../http/serving.ts';
import {
  type ConditionShape,
  conditionsShape,
  exchangesShape,
  marketStatusShape,
  newerExchangesShape,
  tickerTypesShape,
  upcomingShape,
} from '../shapes/reference.ts';
import { refuseOtherClass } from '../stock-symbol.ts';
import { CONDITIONS } from './conditions.ts';
import { addEventRoutes } from './events.ts';
import { EXCHANGES } from './exchanges.ts';
import { countedEnvelope } from './list-envelope.ts';
import { marketStatus, upcomingHolidays } from './market-status.ts';
import { TICKER_TYPES } from './ticker-types.ts';
import { addTickerRoutes } from './tickers.ts';

const ASSET_CLASSES = ['', 'stocks', 'options', 'crypto', 'fx', 'indices', 'futures'] as const;

const placeQuery = z.object({
  asset_class: choice(ASSET_CLASSES, ''),
  locale: choice(['', 'us', 'global'], ''),
});

/** Throws `not-entitled` unless stocks of the United States are asked for: no others are known here. */
function refuseOtherPlaces({ asset_class, locale }: z.infer<typeof placeQuery>): void {
  refuseOtherClass(asset_class);
  if (locale === 'global') throw notEntitled('markets outside the United States');
}

const conditionsQuery = z.object({
  asset_class: choice(ASSET_CLASSES, ''),
  data_type: choice(['', 'trade', 'bbo', 'nbbo'], '').openapi({
    description: 'Of trades; conditions of quotes are not known',
  }),
  id: optional((text) => (/^\d{1,6}$/.test(text) ? Number(text) : undefined), 'a whole number', undefined).openapi({
    type: 'integer',
  }),
  sip: choice(['', 'CTA', 'UTP', 'OPRA'], ''),
  order: choice(['asc', 'desc'], 'asc'),
  limit: pageLimit({ max: 1000, default: 10 }),
  sort: choice(['asset_class', 'id', 'type', 'name', 'data_types', 'legacy'], 'asset_class'),
  cursor: cursorParameter,
});

/** The vendor's reference routes: tickers, events, venues, conditions, hours. */
export function addReferenceRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  // Before the route of one ticker, which would take "types" for a symbol.
  addRoute(app, 'vendor', {
    path: '/v3/reference/tickers/types',
    summary: 'Kinds of securities',
    query: placeQuery,
    answer: tickerTypesShape,
    handle: (c, { query }) => {
      refuseOtherPlaces(query);
      const results = TICKER_TYPES.map((type) => ({ ...type, asset_class: 'stocks', locale: 'us' }));
      return fresh(c, { status: 'OK', request_id: c.get('requestId'), count: results.length, results });
    },
  });
  addTickerRoutes(app, serving);
  addEventRoutes(app, serving);
  addVenueRoutes(app);
  addConditionRoutes(app, serving);
  addMarketStatusRoutes(app, serving);
}

function addVenueRoutes(app: ServingApp): void {
  addRoute(app, 'vendor', {
    path: '/v3/reference/exchanges',
    summary: 'Exchanges and other venues',
    query: placeQuery,
    answer: exchangesShape,
    handle: (c, { query }) => {
      refuseOtherPlaces(query);
      return fresh(c, { status: 'OK', request_id: c.get('requestId'), count: EXCHANGES.length, results: EXCHANGES });
    },
  });
  addRoute(app, 'vendor', {
    path: '/stocks/v1/exchanges',
    summary: 'Exchanges and other venues, in the newer family',
    query: z.object({ limit: pageLimit({ max: 5000, default: 100 }) }),
    answer: newerExchangesShape,
    handle: (c, { query }) => {
      const results = EXCHANGES.slice(0, query.limit).map(({ asset_class: _, id, ...venue }) => ({
        id: String(id),
        ...venue,
      }));
      return fresh(c, { status: 'OK', request_id: c.get('requestId'), results });
    },
  });
}

function addConditionRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v3/reference/conditions',
    summary: 'Conditions of trades, and which values of a bar they move',
    query: conditionsQuery,
    answer: conditionsShape,
    handle: (c) =>
      pageAnswer(c, serving, {
        schema: conditionsQuery,
        uses: [],
        read: async ({ query, offset }) => conditionsFor(query).slice(offset, offset + query.limit + 1),
        envelope: countedEnvelope,
      }),
  });
}

function conditionsFor(query: z.infer<typeof conditionsQuery>): ConditionShape[] {
  const { asset_class, data_type, id, sip, sort, order } = query;
  refuseOtherClass(sip === 'OPRA' ? 'options' : asset_class);
  if (data_type === 'bbo' || data_type === 'nbbo') throw notEntitled('conditions of quotes, only those of trades');
  const found = CONDITIONS.filter(
    (condition) =>
      (id === undefined || condition.id === id) &&
      (sip === '' || sip === 'OPRA' || condition.sip_mapping[sip] !== undefined),
  );
  // They ascend by id, and the sort is stable.
  if (sort === 'name' || sort === 'type') found.sort((a, b) => (a[sort] < b[sort] ? -1 : Number(a[sort] > b[sort])));
  return order === 'desc' ? found.reverse() : found;
}

function addMarketStatusRoutes(app: ServingApp, { calendar, clock }: Pick<Serving, 'calendar' | 'clock'>): void {
  addRoute(app, 'vendor', {
    path: '/v1/marketstatus/now',
    summary: 'Whether the market is open',
    answer: marketStatusShape,
    handle: (c) => fresh(c, marketStatus(calendar, clock.nowMs())),
  });
  addRoute(app, 'vendor', {
    path: '/v1/marketstatus/upcoming',
    summary: 'Holidays and early closes of the coming year',
    answer: z.array(upcomingShape),
    handle: (c) => fresh(c, upcomingHolidays(calendar, clock.nowMs())),
  });
}
