import assert from 'node:assert/strict';
import { test } from 'node:test';
import { href, parseAddress } from './address.ts';
import { readChart, writeChart } from './chart/chart-address.ts';

const read = (query: string) => readChart(new URLSearchParams(query));

test('a path names a view, with a slash at its end or without', () => {
  assert.equal(parseAddress('/', '').view, 'chart');
  assert.equal(parseAddress('/market', '').view, 'market');
  assert.equal(parseAddress('/pipeline/', '').view, 'pipeline');
  assert.equal(parseAddress('/markets', '').view, 'unknown');
});

test('an address leaves out what is not given, and keeps commas readable', () => {
  assert.equal(href('market', { session: undefined }), '/market');
  assert.equal(href('chart', { symbol: 'BRK.B', indicators: 'sma20,macd' }), '/?symbol=BRK.B&indicators=sma20,macd');
});

test('what a chart shows survives the address bar', () => {
  for (const query of [
    'symbol=AAPL',
    'symbol=TpC&interval=34d&adjust=total&from=2020-02-29&to=2021-01-04&indicators=sma20,ema9,rsi14,macd&scale=log&as_of=2024-01-02',
    'symbol=A%26B&adjust=raw',
  ]) {
    assert.equal(writeChart(read(query)), `/?${query}`);
  }
});

test('what cannot be read gives way to the default', () => {
  const chart = read('interval=7d&adjust=half&from=2021-02-29&to=soon&indicators=sma0,sma1000,foo,rsi14,rsi14&as_of=1');
  assert.deepEqual(chart, {
    symbol: undefined,
    interval: 1,
    adjust: 'split',
    from: undefined,
    to: undefined,
    indicators: [{ kind: 'rsi', length: 14 }],
    isLogarithmic: false,
    asOf: undefined,
  });
});

test('an interval is understood with its letter or without', () => {
  assert.equal(read('interval=21').interval, 21);
  assert.equal(read('interval=21D').interval, 21);
});
