import assert from 'node:assert/strict';
import { test } from 'node:test';
import { href, parseAddress } from './address.ts';
import { readChart, writeChart } from './chart/chart-address.ts';

const read = (query: string) => readChart(new URLSearchParams(query));

test('a path maps to a view, with or without a trailing slash', () => {
  assert.equal(parseAddress('/', '').view, 'chart');
  assert.equal(parseAddress('/market', '').view, 'market');
  assert.equal(parseAddress('/pipeline/', '').view, 'pipeline');
  assert.equal(parseAddress('/markets', '').view, 'unknown');
});

test('a URL leaves out empty parameters and keeps commas unescaped', () => {
  assert.equal(href('market', { session: undefined }), '/market');
  assert.equal(href('chart', { symbol: 'BRK.B', indicators: 'sma20,macd' }), '/?symbol=BRK.B&indicators=sma20,macd');
});

test('chart state survives a round trip through the URL', () => {
  for (const query of [
    'symbol=AAPL',
    'symbol=TpC&interval=34d&adjust=total&from=2020-02-29&to=2021-01-04&indicators=sma20,ema9,rsi14,macd&scale=log&as_of=2024-01-02',
    'symbol=A%26B&adjust=raw',
    'symbol=AAPL&range=6m',
    'symbol=SNDK&from=2010-03-05&to=2010-03-05&at=2010-03-05',
  ]) {
    assert.equal(writeChart(read(query)), `/?${query}`);
  }
});

test('invalid parameters fall back to their defaults', () => {
  const chart = read('interval=7d&adjust=half&from=2021-02-29&to=soon&indicators=sma0,sma1000,foo,rsi14,rsi14&as_of=1');
  assert.deepEqual(chart, {
    symbol: undefined,
    range: undefined,
    at: undefined,
    interval: 1,
    adjust: 'split',
    from: undefined,
    to: undefined,
    indicators: [{ kind: 'rsi', length: 14 }],
    isLogarithmic: false,
    asOf: undefined,
  });
});

test('a range takes the place of dates, and dates in the wrong order are swapped', () => {
  const { range, from, to } = read('range=1y&from=2020-01-02&to=2021-01-04');
  assert.deepEqual([range, from, to], ['1y', undefined, undefined]);
  const swapped = read('from=2021-01-04&to=2020-01-02');
  assert.deepEqual([swapped.from, swapped.to], ['2020-01-02', '2021-01-04']);
});

test('an interval is read with or without its letter', () => {
  assert.equal(read('interval=21').interval, 21);
  assert.equal(read('interval=21D').interval, 21);
});
