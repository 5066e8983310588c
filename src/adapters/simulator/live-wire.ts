import { isRecord } from '#base/is-record.ts';
import type { MarketEvent, Trade, TradeIdentity } from '#market/trade.ts';

/**
 * Frames of the simulated feed, in the shapes of the vendor's socket (`/stocks`): lists of events, with `T` for trades, `Q`
 * for quotes, `A` and `AM` for bars of seconds and minutes, `LULD` for price bands. Three events are our own, since the
 * vendor's socket has none: `TX` cancels a trade, `TC` corrects one, and `H` is a halt or its end.
 */

const MICRO = 1_000_000;

/** Returns the text of an event in a frame. Symbols of the simulated market need no escapes. */
export function encodeEvent(event: MarketEvent): string {
  switch (event.kind) {
    case 'trade':
      return `{"ev":"T",${tradeFields(event)}}`;
    case 'cancel':
      return `{"ev":"TX","sym":"${event.symbol}",${identityFields(event.canceled)},"d":"${event.tradeDate}","t":${event.atMs},"q":${event.sequence}}`;
    case 'correction':
      return `{"ev":"TC","sym":"${event.symbol}",${identityFields(event.replaced)},"d":"${event.tradeDate}","t":${event.atMs},"q":${event.sequence},"to":{${tradeFields(event.trade)}}}`;
    case 'quote': {
      const condition = event.conditions[0] === undefined ? '' : `"c":${event.conditions[0]},`;
      return `{"ev":"Q","sym":"${event.symbol}","bx":${event.bidExchange},"bp":${event.bidPrice},"bs":${event.bidSize},"ax":${event.askExchange},"ap":${event.askPrice},"as":${event.askSize},${condition}"i":[${event.indicators.join()}],"t":${event.atMs},"q":${event.sequence},"z":${event.tape}}`;
    }
    case 'vendor-bar':
      return JSON.stringify(barShape(event));
    case 'halt':
      return event.change === 'limits'
        ? `{"ev":"LULD","T":"${event.symbol}","h":${event.upperLimit},"l":${event.lowerLimit},"i":[${event.indicators.join()}],"z":${event.tape},"t":${event.atMs},"q":${event.sequence}}`
        : `{"ev":"H","sym":"${event.symbol}","k":"${event.change}","i":[${event.indicators.join()}],"z":${event.tape},"t":${event.atMs},"q":${event.sequence}}`;
  }
}

function tradeFields(trade: Trade): string {
  const { symbol, price, size, conditions, tape, atMs, sequence, trfMs } = trade;
  const shares = Math.floor(size / MICRO);
  const fraction = size - shares * MICRO;
  const decimal = fraction === 0 ? '' : `,"ds":"${shares}.${String(fraction).padStart(6, '0')}"`;
  const listed = conditions.length === 0 ? '' : `,"c":[${conditions.join()}]`;
  const facility = trfMs === null ? '' : `,"trft":${trfMs}`;
  return `"sym":"${symbol}",${identityFields(trade)},"z":${tape},"p":${price},"s":${shares}${decimal}${listed},"t":${atMs},"q":${sequence}${facility}`;
}

function identityFields({ exchange, trf, id }: TradeIdentity): string {
  return trf === null ? `"x":${exchange},"i":"${id}"` : `"x":${exchange},"i":"${id}","trfi":${trf}`;
}

function barShape(bar: Extract<MarketEvent, { kind: 'vendor-bar' }>): object {
  const { symbol, interval, startMs, open, high, low, close, volume, vwap, trades } = bar;
  const shares = volume / MICRO;
  return {
    ev: interval === '1s' ? 'A' : 'AM',
    sym: symbol,
    v: Math.floor(shares),
    ...(Number.isInteger(shares) ? {} : { dv: String(shares) }),
    ...(bar.dayVolume === null ? {} : { av: bar.dayVolume / MICRO }),
    ...(bar.officialOpen === null ? {} : { op: bar.officialOpen }),
    ...(vwap === null ? {} : { vw: vwap }),
    o: open,
    c: close,
    h: high,
    l: low,
    ...(bar.dayVwap === null ? {} : { a: bar.dayVwap }),
    ...(trades === null ? {} : { z: Math.round(shares / trades) }),
    s: startMs,
    e: startMs + (interval === '1s' ? 1000 : 60_000),
  };
}

/** Returns whether a parsed element is one that steers the connection. */
export function isStatus(element: unknown): boolean {
  return isRecord(element) && element['ev'] === 'status';
}
