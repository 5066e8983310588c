import type { IsoDate } from '#base/dates.ts';
import { newSecurityId } from '#market/security.ts';
import { SymbolBook } from './names.ts';
import { RandomSource } from './random-source.ts';

/** What is decided about a security before its first session: its life, and how it behaves. Offsets count sessions. */
export interface SimulatedSecurity {
  readonly id: string;
  readonly name: string;
  readonly type: 'CS' | 'PFD' | 'ETF';
  readonly exchange: 'XNAS' | 'XNYS' | 'ARCX';
  readonly symbol: string;
  /** First session with a bar. */
  readonly listedFrom: number;
  /** Last session with a bar; undefined: it never ends. */
  readonly listedTo: number | undefined;
  readonly rename: { readonly from: number; readonly symbol: string } | undefined;
  readonly sector: number;
  /** How much it moves with the market and with its sector. */
  readonly marketBeta: number;
  readonly sectorBeta: number;
  /** Daily volatility of its own, as a share of the price. */
  readonly volatility: number;
  readonly driftPerSession: number;
  readonly firstPrice: number;
  /** Typical dollars traded in a session. */
  readonly dollarVolume: number;
  /** Share of the price paid out each quarter; 0: no dividends. */
  readonly quarterlyYield: number;
  /** Where in the quarter it pays. */
  readonly dividendPhase: number;
  readonly random: RandomSource;
}

export const SECTORS = 8;

/** The first sessions already have most of the market; the rest comes during the first ten years or so. */
const LISTED_AT_START = 0.86;
const LATEST_LISTING = 2_400;
/** A symbol rests this long before another security takes it. */
const REUSE_AFTER = 60;

/**
 * The securities of a market. Everything is drawn from streams of their own, so that neither the range's end nor, for the
 * first ones, the number of securities changes anything.
 */
export function drawSecurities(
  seed: number,
  count: number,
  sessionAt: (offset: number) => IsoDate | undefined,
): SimulatedSecurity[] {
  const book = new SymbolBook(new RandomSource(seed, 'symbols'));
  const securities: SimulatedSecurity[] = [];
  const ids = new Set<string>();
  const free: { symbol: string; from: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const random = new RandomSource(seed, `security ${index}`);
    const listedFrom = random.chance(LISTED_AT_START) ? 0 : random.whole(1, LATEST_LISTING);
    const listedTo = random.chance(0.1) ? listedFrom + random.whole(120, 3_000) : undefined;
    const isReused = listedFrom > 0 && random.chance(0.5);
    const old = isReused ? free.findIndex((entry) => entry.from + REUSE_AFTER < listedFrom) : -1;
    const drawn = book.next();
    const symbol = old === -1 ? drawn : (free.splice(old, 1)[0]?.symbol ?? drawn);
    const renameAt = listedFrom + random.whole(200, 2_600);
    const isRenamed = random.chance(0.03) && (listedTo === undefined || renameAt < listedTo - 10);
    const rename = isRenamed ? { from: renameAt, symbol: book.next() } : undefined;
    if (listedTo !== undefined) free.push({ symbol: rename?.symbol ?? symbol, from: listedTo });
    const kind = random.uniform();
    const type = symbol.endsWith('pB') ? 'PFD' : kind < 0.15 ? 'ETF' : 'CS';
    const calm = type === 'CS' ? 1 : 0.45;
    const id = newSecurityId(symbol, sessionAt(listedFrom) ?? ('' as IsoDate), (taken) => ids.has(taken));
    ids.add(id);
    securities.push({
      id,
      name: book.name(symbol),
      type,
      exchange: type === 'ETF' ? 'ARCX' : random.chance(0.6) ? 'XNAS' : 'XNYS',
      symbol,
      listedFrom,
      listedTo,
      rename,
      sector: random.whole(0, SECTORS - 1),
      marketBeta: (0.4 + 1.1 * random.uniform()) * (type === 'PFD' ? 0.3 : 1),
      sectorBeta: 0.3 + 0.9 * random.uniform(),
      volatility: (0.007 + 0.022 * random.uniform() ** 2) * calm,
      driftPerSession: 0.0001 + 0.0005 * random.normal(),
      firstPrice: Math.exp(2.3 + 2.2 * random.uniform() + 0.4 * random.normal()),
      dollarVolume: Math.exp(13.5 + 4.5 * random.uniform()),
      quarterlyYield: random.chance(0.45) ? 0.002 + 0.008 * random.uniform() : 0,
      dividendPhase: random.whole(0, 62),
      random,
    });
  }
  return securities;
}
