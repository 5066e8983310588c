/**
 * Widget definitions for OpenBB Workspace: which of our responses it shows as which widget. Source: its documentation,
 * "widgets.json Reference", "apps.json Reference" and "Advanced Charting Widget". Sizes are in its grid of 40 columns.
 */

/** The chart: OpenBB drives a UDF datafeed by itself. `updateFrequency` in milliseconds. */
const CHART_UPDATE_MS = 10_000;
const HOUR_MS = 3_600_000;

interface Column {
  readonly field: string;
  readonly headerName: string;
  readonly cellDataType: 'text' | 'number' | 'dateString' | 'boolean';
  readonly formatterFn?: 'int' | 'none' | 'percent';
  readonly renderFn?: 'greenRed';
  readonly pinned?: 'left';
}

interface Parameter {
  readonly paramName: string;
  readonly type: 'text' | 'date' | 'ticker';
  readonly label: string;
  readonly description: string;
  readonly value: string | null;
  readonly optional?: boolean;
}

interface Widget {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly type: 'table' | 'advanced_charting';
  readonly endpoint: string;
  readonly gridData: { readonly w: number; readonly h: number };
  readonly source: readonly string[];
  readonly staleTime?: number;
  readonly params?: readonly Parameter[];
  readonly data:
    | { readonly defaultSymbol: string; readonly updateFrequency: number }
    | {
        /** The field of the answer that holds the rows. */
        readonly dataKey: string;
        readonly table: {
          readonly enableCharts: boolean;
          readonly showAll: boolean;
          readonly columnsDefs: readonly Column[];
        };
      };
}

const columnOf =
  (kind: Omit<Column, 'field' | 'headerName'>) =>
  (field: string, headerName: string): Column => ({ field, headerName, ...kind });
const text = columnOf({ cellDataType: 'text' });
const number = columnOf({ cellDataType: 'number', formatterFn: 'none' });
const whole = columnOf({ cellDataType: 'number', formatterFn: 'int' });
const date = columnOf({ cellDataType: 'dateString' });
const first = (column: Column): Column => ({ ...column, pinned: 'left' });
const signed = (column: Column): Column => ({ ...column, renderFn: 'greenRed' });

const MOVER = [
  first(text('symbol', 'Symbol')),
  text('name', 'Name'),
  number('close', 'Close'),
  number('previous_close', 'Previous close'),
  signed(number('change', 'Change')),
  signed(number('change_percent', 'Change, %')),
  whole('volume', 'Volume'),
];

/** Returns a parameter; an optional one unless it has a value. */
function parameter(
  paramName: string,
  type: Parameter['type'],
  label: string,
  description: string,
  value: string | null = null,
): Parameter {
  return { paramName, type, label, description, value, ...(value === null ? { optional: true } : {}) };
}

const SESSION = parameter('session', 'date', 'Session', 'A trading day; the last one published unless given');
const FROM = parameter('from', 'date', 'From', 'First session');

function table(
  widget: Pick<Widget, 'name' | 'description' | 'endpoint'> & {
    readonly dataKey: string;
    readonly columns: readonly Column[];
    readonly params?: readonly Parameter[];
    readonly category?: string;
  },
): Widget {
  const { name, description, endpoint, dataKey, columns, params = [], category = 'Market' } = widget;
  return {
    name,
    description,
    category,
    type: 'table',
    endpoint,
    gridData: { w: 20, h: 12 },
    source: ['Condvest'],
    staleTime: HOUR_MS,
    params,
    data: { dataKey, table: { enableCharts: true, showAll: true, columnsDefs: columns } },
  };
}

/** By the id under which an app refers to it. `symbol`: one that this lake has. */
export function widgets(symbol: string): Record<string, Widget> {
  const ticker = parameter('ticker', 'ticker', 'Symbol', 'Only of this symbol', symbol);
  const movers = (name: string, dataKey: string, description: string): Widget =>
    table({ name, description, endpoint: 'condvest/v1/market', dataKey, columns: MOVER, params: [SESSION] });
  return {
    condvest_chart: {
      name: 'Chart',
      description:
        'Bars of 1, 3, 5, 8, 13, 21 and 34 sessions, of weeks and months, with splits and dividends as marks',
      category: 'Market',
      type: 'advanced_charting',
      endpoint: '/udf',
      gridData: { w: 40, h: 20 },
      source: ['Condvest'],
      data: { defaultSymbol: symbol, updateFrequency: CHART_UPDATE_MS },
    },
    condvest_gainers: movers('Gainers', 'gainers', 'Securities that rose most in a session'),
    condvest_losers: movers('Losers', 'losers', 'Securities that fell most in a session'),
    condvest_active: movers('Most active', 'active', 'Securities of which most shares were traded in a session'),
    condvest_watchlist: table({
      name: 'Watchlist',
      description: 'The last close of some securities against the one before',
      endpoint: 'condvest/v1/watchlist',
      dataKey: 'results',
      columns: [...MOVER, date('first', 'First session'), date('last', 'Last session')],
      params: [parameter('symbols', 'text', 'Symbols', 'Separated by commas', symbol)],
    }),
    condvest_dividends: table({
      name: 'Dividends',
      description: 'Dividends of a security as announced, newest first',
      endpoint: 'v3/reference/dividends',
      dataKey: 'results',
      columns: [
        first(date('ex_dividend_date', 'Ex-date')),
        text('ticker', 'Symbol'),
        number('cash_amount', 'Dollars a share'),
        text('dividend_type', 'Kind'),
        whole('frequency', 'Times a year'),
      ],
      params: [ticker, parameter('ex_dividend_date.gte', 'date', 'From', 'First ex-date')],
    }),
    condvest_splits: table({
      name: 'Splits',
      description: 'Splits as announced, newest first',
      endpoint: 'stocks/v1/splits',
      dataKey: 'results',
      columns: [
        first(date('execution_date', 'Ex-date')),
        text('ticker', 'Symbol'),
        number('split_from', 'Shares before'),
        number('split_to', 'Shares after'),
        text('adjustment_type', 'Kind'),
        number('historical_adjustment_factor', 'Factor of earlier prices'),
      ],
      params: [parameter('execution_date.gte', 'date', 'From', 'First ex-date')],
    }),
    condvest_sessions: table({
      name: 'Sessions',
      description: 'The ledger: what is known of each session, and whether it may still change',
      endpoint: 'condvest/v1/sessions',
      dataKey: 'results',
      category: 'Data',
      columns: [
        first(date('session', 'Session')),
        text('state', 'State'),
        whole('rows', 'Rows'),
        whole('expected', 'Expected'),
        whole('attempts', 'Fetched'),
        whole('table_version', 'Version'),
      ],
      params: [FROM],
    }),
    condvest_quality: table({
      name: 'Refused rows',
      description: 'Rows that were quarantined, by reason',
      endpoint: 'condvest/v1/quality',
      dataKey: 'quarantined',
      category: 'Data',
      columns: [
        first(text('reason', 'Reason')),
        text('dataset', 'Dataset'),
        whole('rows', 'Rows'),
        text('example', 'Example'),
      ],
      params: [FROM],
    }),
  };
}

/** One ready-made dashboard: the chart, the market, the state of the data. */
export function apps() {
  const half = (i: string, x: 0 | 20, y: number) => ({ i, x, y, w: 20, h: 12, groups: [] });
  const tab = (id: string, name: string, layout: ReturnType<typeof half>[]) => ({ id, name, layout });
  return [
    {
      name: 'Condvest',
      description: 'Your own market data: charts of N-session bars, movers, events, and the state of the data',
      img: '',
      allowCustomization: true,
      tabs: {
        chart: tab('chart', 'Chart', [
          { i: 'condvest_chart', x: 0, y: 0, w: 40, h: 20, groups: [] },
          half('condvest_dividends', 0, 20),
          half('condvest_splits', 20, 20),
        ]),
        market: tab('market', 'Market', [
          half('condvest_gainers', 0, 0),
          half('condvest_losers', 20, 0),
          half('condvest_active', 0, 12),
          half('condvest_watchlist', 20, 12),
        ]),
        data: tab('data', 'Data', [half('condvest_sessions', 0, 0), half('condvest_quality', 20, 0)]),
      },
      groups: [],
      prompts: [],
    },
  ];
}
