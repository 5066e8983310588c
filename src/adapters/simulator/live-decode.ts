import { type IsoDate, parseIsoDate } from '#base/dates.ts';
import { isRecord } from '#base/is-record.ts';
import { PRICE_BELOW, SIZE_BELOW, toMicroShares } from '#market/exact-sum.ts';
import { isSymbol } from '#market/quality.ts';
import type {
  Halt,
  MarketEvent,
  Quote,
  Tape,
  Trade,
  TradeCorrection,
  TradeIdentity,
  VendorBar,
} from '#market/trade.ts';
import { FrameRejects } from '#ports/frame-rejects.ts';
import type { DecodedFrame } from '#ports/market-feed.ts';
import { isStatus } from './live-wire.ts';

/** Reads frames of the simulated feed. Every value is checked: what arrives may be anything. */

type Fields = Readonly<Record<string, unknown>>;

/** A field whose value is missing or not allowed. */
class BadValue extends Error {
  readonly field: string;
  constructor(field: string, value: unknown) {
    super(`${field}: ${value === undefined ? 'missing' : (JSON.stringify(value)?.slice(0, 200) ?? typeof value)}`);
    this.field = field;
  }
}

const READERS: ReadonlyMap<unknown, (fields: Fields) => MarketEvent> = new Map<
  unknown,
  (fields: Fields) => MarketEvent
>([
  ['T', trade],
  ['TX', (fields: Fields) => ({ ...cancelBase(fields), kind: 'cancel', canceled: identity(fields) })],
  ['TC', correction],
  ['Q', quote],
  ['A', (fields: Fields) => bar(fields, '1s')],
  ['AM', (fields: Fields) => bar(fields, '1m')],
  ['LULD', (fields: Fields) => halt(fields, 'T', 'limits')],
  ['H', (fields: Fields) => halt(fields, 'sym', fields['k'] === 'halted' ? 'halted' : oneOf(fields, 'k', 'resumed'))],
]);

export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const rejects = new FrameRejects();
  const elements = listOf(bytes, rejects);
  const events: MarketEvent[] = [];
  for (const element of elements) {
    if (isStatus(element)) continue;
    const text = (): string => JSON.stringify(element);
    const read = isRecord(element) ? READERS.get(element['ev']) : undefined;
    if (!isRecord(element) || read === undefined) {
      rejects.add('unknown-event', isRecord(element) ? `ev: ${JSON.stringify(element['ev'])}` : typeof element, text);
      continue;
    }
    try {
      events.push(read(element));
    } catch (cause) {
      if (!(cause instanceof BadValue)) throw cause;
      rejects.add('bad-value', cause.message, text);
    }
  }
  return rejects.with(events);
}

function listOf(bytes: Uint8Array, rejects: FrameRejects): readonly unknown[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    rejects.add('not-text', 'not UTF-8', bytes);
    return [];
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
    rejects.add('not-a-list', typeof value, bytes);
  } catch (cause) {
    rejects.add('not-json', cause instanceof Error ? cause.message : String(cause), bytes);
  }
  return [];
}

function trade(fields: Fields): Trade {
  const trfMs = fields['trft'] === undefined ? null : instant(fields, 'trft');
  return {
    kind: 'trade',
    symbol: symbolOf(fields, 'sym'),
    atMs: instant(fields, 't'),
    sequence: whole(fields, 'q'),
    nanosecond: 0,
    ...identity(fields),
    price: price(fields, 'p'),
    size: size(fields, 's', 'ds'),
    conditions: list(fields, 'c'),
    tape: tape(fields),
    executedMs: null,
    trfMs,
  };
}

function correction(fields: Fields): TradeCorrection {
  const to = fields['to'];
  if (!isRecord(to)) throw new BadValue('to', to);
  return { ...cancelBase(fields), kind: 'correction', replaced: identity(fields), trade: trade(to) };
}

function identity(fields: Fields): TradeIdentity {
  const id = fields['i'];
  if (typeof id !== 'string' || id === '' || id.length > ID_CHARACTERS_MAX) throw new BadValue('i', id);
  return { exchange: whole(fields, 'x'), trf: fields['trfi'] === undefined ? null : whole(fields, 'trfi'), id };
}

function cancelBase(fields: Fields): { symbol: string; tradeDate: IsoDate; atMs: number; sequence: number } {
  const day = fields['d'];
  const tradeDate = typeof day === 'string' ? parseIsoDate(day) : undefined;
  if (tradeDate === undefined) throw new BadValue('d', day);
  return { symbol: symbolOf(fields, 'sym'), tradeDate, atMs: instant(fields, 't'), sequence: whole(fields, 'q') };
}

function quote(fields: Fields): Quote {
  return {
    kind: 'quote',
    symbol: symbolOf(fields, 'sym'),
    atMs: instant(fields, 't'),
    sequence: whole(fields, 'q'),
    nanosecond: 0,
    bidPrice: price(fields, 'bp'),
    bidSize: whole(fields, 'bs'),
    bidExchange: whole(fields, 'bx'),
    askPrice: price(fields, 'ap'),
    askSize: whole(fields, 'as'),
    askExchange: whole(fields, 'ax'),
    conditions: fields['c'] === undefined ? [] : [whole(fields, 'c')],
    indicators: list(fields, 'i'),
    tape: tape(fields),
  };
}

function bar(fields: Fields, interval: VendorBar['interval']): VendorBar {
  const high = price(fields, 'h');
  const low = price(fields, 'l');
  const open = price(fields, 'o');
  const close = price(fields, 'c');
  if (high < Math.max(open, close)) throw new BadValue('h', high);
  if (low > Math.min(open, close)) throw new BadValue('l', low);
  return {
    kind: 'vendor-bar',
    symbol: symbolOf(fields, 'sym'),
    interval,
    startMs: instant(fields, 's'),
    open,
    high,
    low,
    close,
    volume: size(fields, 'v', 'dv'),
    vwap: fields['vw'] === undefined ? null : price(fields, 'vw'),
    // The vendor gives the average size of a trade, rounded, and no number of trades.
    trades: null,
    dayVolume: fields['av'] === undefined ? null : size(fields, 'av', 'dav'),
    dayVwap: fields['a'] === undefined ? null : price(fields, 'a'),
    officialOpen: fields['op'] === undefined ? null : price(fields, 'op'),
  };
}

function halt(fields: Fields, symbolField: string, change: Halt['change']): Halt {
  return {
    kind: 'halt',
    symbol: symbolOf(fields, symbolField),
    atMs: instant(fields, 't'),
    sequence: whole(fields, 'q'),
    change,
    lowerLimit: fields['l'] === undefined ? null : price(fields, 'l'),
    upperLimit: fields['h'] === undefined ? null : price(fields, 'h'),
    indicators: list(fields, 'i'),
    tape: tape(fields),
  };
}

const DECIMAL = /^\d{1,15}(?:\.\d{1,15})?$/;
const ID_CHARACTERS_MAX = 64;
const LIST_MAX = 16;
/** Instants beyond the year 9999 cannot be dates. */
const INSTANT_BELOW_MS = 253_402_300_800_000;

function symbolOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || !isSymbol(value)) throw new BadValue(name, value);
  return value;
}

function price(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !(value > 0 && value < PRICE_BELOW)) throw new BadValue(name, value);
  return value;
}

/** Returns micro-shares: of the decimal string if there is one, since the number beside it is rounded. */
function size(fields: Fields, name: string, decimalName: string): number {
  const decimal = fields[decimalName];
  const value = typeof decimal === 'string' && DECIMAL.test(decimal) ? Number(decimal) : fields[name];
  const micro = typeof value === 'number' ? toMicroShares(value) : Number.NaN;
  if (!(micro >= 0 && micro < SIZE_BELOW))
    throw new BadValue(decimal === undefined ? name : decimalName, decimal ?? value);
  return micro;
}

function whole(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new BadValue(name, value);
  return value;
}

function instant(fields: Fields, name: string): number {
  const value = whole(fields, name);
  if (value >= INSTANT_BELOW_MS) throw new BadValue(name, value);
  return value;
}

function list(fields: Fields, name: string): number[] {
  const value = fields[name];
  if (value === undefined) return [];
  const isList = Array.isArray(value) && value.length <= LIST_MAX && value.every((id) => Number.isSafeInteger(id));
  if (!isList) throw new BadValue(name, value);
  return value;
}

function tape(fields: Fields): Tape {
  const value = fields['z'];
  if (value !== 1 && value !== 2 && value !== 3) throw new BadValue('z', value);
  return value;
}

function oneOf<const T extends string>(fields: Fields, name: string, allowed: T): T {
  if (fields[name] !== allowed) throw new BadValue(name, fields[name]);
  return allowed;
}
