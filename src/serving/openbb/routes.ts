import { z } from '@hono/zod-openapi';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { answer, fresh } from '../http/answer.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp } from '../http/serving.ts';
import { TICKER_TABLES, tickersOf } from '../read/ticker-directory.ts';
import { apps, widgets } from './widgets.ts';

/** Symbols that a chart begins with, the first one that is there. */
const FIRST_CHOICES = ['SPY', 'AAPL'];

/** OpenBB Workspace takes this server for a backend of its widgets. */
export function addOpenbbRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'openbb', {
    path: '/widgets.json',
    summary: 'Widgets for OpenBB Workspace',
    answer: z.record(z.string(), z.object({ name: z.string(), type: z.string(), endpoint: z.string() })),
    handle: async (c) => {
      const view = await serving.views.current();
      const today = newYorkAt(serving.clock.nowMs()).date;
      return answer(c, serving, {
        view,
        uses: TICKER_TABLES,
        also: today,
        make: async () => {
          const directory = await tickersOf(serving, view);
          const session = serving.calendar.sessionAt(Math.max(0, serving.calendar.indexOnOrBefore(today)));
          const symbol =
            FIRST_CHOICES.find((choice) => directory.at(choice, session) !== undefined) ??
            directory.tickers.find((ticker) => directory.isActive(ticker, session))?.symbol ??
            'SPY';
          return widgets(symbol);
        },
      });
    },
  });
  addRoute(app, 'openbb', {
    path: '/apps.json',
    summary: 'A dashboard for OpenBB Workspace',
    answer: z.array(z.object({ name: z.string(), tabs: z.record(z.string(), z.unknown()) })),
    handle: (c) => fresh(c, apps()),
  });
}
