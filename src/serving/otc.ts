import type { Lake } from '#lake/lake.ts';
import { scanSql } from '#lake/scan.ts';
import { LISTINGS } from '#lake/tables.ts';
import { Kept } from './kept.ts';
import { symbolsOfExchanges } from './session-rows.sql.ts';
import type { LakeView } from './view.ts';

/** The markets of OTC Markets Group and FINRA's OTC facility, by MIC. Source: ISO 10383, operating MICs OTCM and FINR. */
const OTC_EXCHANGES: readonly string[] = [
  'OTCM',
  'OTCB',
  'OTCQ',
  'OTCI',
  'OTCN',
  'PINX',
  'PINC',
  'PINI',
  'PINL',
  'PSGM',
  'EXPM',
  'CAVE',
  'OOTC',
  'XOTC',
];

const KEPT = 4;
const kept = new WeakMap<Lake, Kept<ReadonlySet<string>>>();

/** Symbols that trade over the counter, as far as listings say so. */
export async function otcSymbols(lake: Lake, view: LakeView): Promise<ReadonlySet<string>> {
  const listings = view.snapshot(LISTINGS);
  if (listings === undefined) return new Set();
  let ofLake = kept.get(lake);
  if (ofLake === undefined) {
    ofLake = new Kept(KEPT);
    kept.set(lake, ofLake);
  }
  return ofLake.get(view.tag([LISTINGS.name]), async () => {
    const scan = await scanSql(lake.deps, LISTINGS, listings.files);
    const rows = await lake.deps.engine.rows<{ symbol: string }>(symbolsOfExchanges(scan, OTC_EXCHANGES));
    return new Set(rows.map(({ symbol }) => symbol));
  });
}
