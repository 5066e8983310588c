import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { Keys } from '#ports/keys.ts';
import type { Leases } from '#ports/leases.ts';
import type { ListingsIndex } from '#ports/listings-index.ts';
import type { LiveBars } from '#ports/live-bars.ts';
import type { LocalFiles } from '#ports/local-files.ts';
import type { Notices } from '#ports/notices.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { PageFiles } from '#ports/page-files.ts';
import type { Random } from '#ports/random.ts';
import type { Runs } from '#ports/runs.ts';
import type { Timers } from '#ports/timers.ts';
import type { Config } from './config/config.ts';
import type { SimulatedMarketSettings } from './home-folder/simulated-market.ts';

/**
 * The composition root as a type: every port of the program, each filled by an adapter. `local/` makes one for a single
 * machine; all other rooms of the runtime, the command line and the library know this type alone.
 */
export interface AppContext extends AsyncDisposable {
  readonly config: Config;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly lake: Lake;
  /** Path or URL of the lake, for notebooks and other readers. */
  readonly lakeFolder: string;
  /** Folder for this process's large temporary files; removed on dispose. */
  readonly tempFolder: string;
  readonly files: LocalFiles;
  readonly page: PageFiles;
  readonly live: LiveBars;
  readonly runs: Runs;
  readonly leases: Leases;
  readonly notices: Notices;
  readonly listings: ListingsIndex;
  readonly keys: Keys;
  /** The configured notification channels. Lines of the console channel go to `write`. */
  notifiers(write: (line: string) => void): Promise<readonly Notifier[]>;
  /**
   * Opens the daily source. Throws `source-missing` or `source-mixes-markets` if this lake cannot be filled from one.
   */
  source(): Promise<DailySource>;
  /** Settings of the simulated market that this lake is filled from; undefined for a lake with any other data. */
  simulatedMarket(): Promise<SimulatedMarketSettings | undefined>;
  /** Writes a simulated market up to and including `to` as CSV files that `import` can read. */
  writeMarketFiles(
    market: SimulatedMarketSettings,
    to: IsoDate,
    onProgress: (done: number, total: number, detail: string) => void,
  ): Promise<MarketFiles>;
}

export interface MarketFiles {
  /** In import order. A small market may have no splits or dividends, and then no file for them. */
  readonly paths: readonly string[];
  readonly sessions: number;
  readonly rows: number;
}
