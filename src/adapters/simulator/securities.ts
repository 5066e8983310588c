import type { IsoDate } from '#base/dates.ts';
import { newSecurityId } from '#market/security.ts';
import { inventName, SymbolBook, type SymbolSuffix } from './names.ts';
import { exp } from './portable-math.ts';
import { RandomSource } from './random-source.ts';

/**
 * Traits of a security that are decided before its first session: its life and its behavior. Offsets count sessions
 * from the market's first, which is 0.
 */
export interface SimulatedSecurity {
  readonly id: string;
  readonly name: string;
  readonly type: 'CS' | 'PFD' | 'ETF';
  readonly exchange: 'XNAS' | 'XNYS' | 'ARCX';
  readonly symbol: string;
  readonly listedFrom: number;
  /** The last session of its listing; undefined if it never ends. */
  readonly listedTo: number | undefined;
  readonly rename: { readonly from: number; readonly symbol: string } | undefined;
  readonly planned: PlannedEvents;
  readonly sector: number;
  /** Exposure to the market and to its sector. */
  readonly marketBeta: number;
  readonly sectorBeta: number;
  /** Its own daily volatility, as a fraction of the price. */
  readonly volatility: number;
  readonly driftPerSession: number;
  /** Dollars. */
  readonly firstPrice: number;
  /** Dollars typically traded per session. */
  readonly dollarVolume: number;
  /** Fraction of the price paid out each quarter; 0 means no dividends. */
  readonly quarterlyYield: number;
  /** Session of the quarter in which it pays. */
  readonly dividendPhase: number;
}

/** Events that happen whatever the price does. Others happen by chance. */
interface PlannedEvents {
  readonly split?: { readonly at: number; readonly from: number; readonly to: number };
  readonly halt?: { readonly from: number; readonly sessions: number };
  readonly specialDividendAt?: number;
}

export const SECTORS = 8;
export const SESSIONS_A_QUARTER = 63;

/** Most of the market exists at the start; the rest lists during the first ten years or so. */
const LISTED_AT_START = 0.88;
const DELISTED = 0.08;
const LATEST_OFFSET = 2400;
/** Number of sessions a symbol rests before another security takes it. */
const REST_MIN = 40;
const REST_MAX = 120;

/**
 * Every fortieth security has the same role, so that even a market of a dozen shows everything that can happen to
 * securities within its first two or three years.
 */
const CAST_SIZE = 40;
type Part =
  | 'share-class'
  | 'preferred'
  | 'splits'
  | 'reverse-splits'
  | 'delisted'
  | 'takes-symbol-of-one-before'
  | 'renamed-to-symbol-of-one-before'
  | 'pays-special-and-halts'
  | 'splits-while-halted';
const CAST: Readonly<Record<number, Part>> = {
  1: 'share-class',
  2: 'preferred',
  3: 'splits',
  4: 'reverse-splits',
  5: 'delisted',
  6: 'takes-symbol-of-one-before',
  7: 'delisted',
  8: 'renamed-to-symbol-of-one-before',
  9: 'pays-special-and-halts',
  10: 'splits-while-halted',
};

/**
 * Returns the securities of a market. Each is drawn from its own stream, so that the first ones are the same in a
 * larger market. Securities that would list beyond the calendar are omitted.
 */
export function drawSecurities(
  seed: number,
  count: number,
  sessionAt: (offset: number) => IsoDate | undefined,
): SimulatedSecurity[] {
  const book = new SymbolBook(new RandomSource(seed, 'symbols'));
  const ids = new Set<string>();
  const securities: SimulatedSecurity[] = [];
  let before: Life | undefined;
  for (let index = 0; index < count; index += 1) {
    const random = new RandomSource(seed, `security ${index}`);
    const part = CAST[index % CAST_SIZE];
    const life = drawLife(random, book, part, index < CAST_SIZE ? 400 : LATEST_OFFSET, before);
    before = life;
    const { suffix, ...lived } = life;
    const behaviour = drawBehaviour(random, part, suffix, life.listedFrom);
    const name = inventName(random, suffix);
    const firstSession = sessionAt(life.listedFrom);
    if (firstSession === undefined) continue;
    const id = newSecurityId(life.symbol, firstSession, (taken) => ids.has(taken));
    ids.add(id);
    securities.push({ id, name, ...lived, ...behaviour });
  }
  return securities;
}

interface Life {
  readonly symbol: string;
  readonly suffix: SymbolSuffix;
  readonly listedFrom: number;
  readonly listedTo: number | undefined;
  readonly rename: { readonly from: number; readonly symbol: string } | undefined;
}

function drawLife(
  random: RandomSource,
  book: SymbolBook,
  part: Part | undefined,
  latest: number,
  before: Life | undefined,
): Life {
  // Drawn whether needed or not, so that later draws do not depend on it.
  const start = random.chance(LISTED_AT_START) ? 0 : random.whole(1, LATEST_OFFSET);
  const length = random.whole(120, 3000);
  const ends = random.chance(DELISTED);
  const early = random.whole(120, latest);
  const rest = random.whole(REST_MIN, REST_MAX);
  const renameAt = start + random.whole(200, 2600);
  const isRenamed = random.chance(0.03);
  const suffix: SymbolSuffix = part === 'share-class' ? '.B' : part === 'preferred' ? 'pB' : '';
  const symbol = book.next(suffix);
  const always = { symbol, suffix, listedFrom: 0, listedTo: undefined, rename: undefined };
  const freed = before?.listedTo === undefined ? undefined : { symbol: before.symbol, from: before.listedTo + rest };
  switch (part) {
    case 'delisted':
      return { ...always, listedTo: early };
    case 'takes-symbol-of-one-before':
      return freed === undefined ? always : { ...always, symbol: freed.symbol, listedFrom: freed.from };
    case 'renamed-to-symbol-of-one-before':
      return freed === undefined ? always : { ...always, rename: freed };
    case undefined: {
      const listedTo = ends ? start + length : undefined;
      const fits = listedTo === undefined || renameAt < listedTo - 10;
      const rename = isRenamed && fits ? { from: renameAt, symbol: book.next(suffix) } : undefined;
      return { symbol, suffix, listedFrom: start, listedTo, rename };
    }
    default:
      return always;
  }
}

type Behaviour = Omit<SimulatedSecurity, 'id' | 'name' | keyof Omit<Life, 'suffix'>>;

function drawBehaviour(
  random: RandomSource,
  part: Part | undefined,
  suffix: SymbolSuffix,
  listedFrom: number,
): Behaviour {
  const isFund = random.chance(0.15) && part === undefined;
  const type = suffix === 'pB' ? 'PFD' : isFund ? 'ETF' : 'CS';
  const exchange = random.chance(0.6) ? 'XNAS' : 'XNYS';
  const calm = type === 'CS' ? 1 : 0.4;
  const drawn = {
    sector: random.whole(0, SECTORS - 1),
    marketBeta: (0.4 + 1.1 * random.uniform()) * (type === 'PFD' ? 0.3 : 1),
    sectorBeta: 0.3 + 0.9 * random.uniform(),
    volatility: (0.007 + 0.022 * random.uniform() ** 2) * calm,
    driftPerSession: 0.0003 * random.normal(),
    firstPrice: exp(2.3 + 2.2 * random.uniform() + 0.4 * random.normal()),
    dollarVolume: exp(13.5 + 4.5 * random.uniform()),
    quarterlyYield: random.chance(0.45) || type === 'PFD' ? 0.002 + 0.008 * random.uniform() : 0,
    dividendPhase: random.whole(0, SESSIONS_A_QUARTER - 1),
  };
  const at = listedFrom + random.whole(60, 500);
  const plain = { type, exchange: isFund ? 'ARCX' : exchange, planned: {}, ...drawn } as const;
  switch (part) {
    case 'splits':
      return { ...plain, firstPrice: 150 + drawn.firstPrice, planned: { split: { at, from: 1, to: 4 } } };
    case 'reverse-splits':
      return { ...plain, firstPrice: 3, planned: { split: { at, from: 10, to: 1 } } };
    case 'pays-special-and-halts':
      return { ...plain, planned: { specialDividendAt: at, halt: { from: at + 20, sessions: 5 } } };
    case 'splits-while-halted':
      return { ...plain, planned: { split: { at: at + 1, from: 2, to: 3 }, halt: { from: at, sessions: 3 } } };
    default:
      return plain;
  }
}
