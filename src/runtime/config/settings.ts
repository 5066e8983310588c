import { type IsoDate, parseIsoDate } from '#base/dates.ts';
import { PARTIAL_SHARE } from '#market/ledger.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { DEFAULT_INTERVALS, INTERVAL_MAX, INTERVAL_MIN } from '#market/window.ts';
import { SCENARIO_NAMES, type ScenarioName } from '#ports/scenario-names.ts';
import type { SettingDefinitions, SettingValues } from './setting-definition.ts';
import {
  fieldOf,
  hiddenUrl,
  Invalid,
  listOf,
  path,
  readBytes,
  share,
  shown,
  urlOf,
  whole,
  wholeNumber,
} from './setting-values.ts';
import { SERVING_SETTINGS } from './settings-serving.ts';

/** An exchange closing that this release does not know. */
export interface ClosureSetting {
  readonly date: IsoDate;
  readonly name: string;
}

export const SOURCE_CHOICES = ['auto', 'simulated', 'massive', 'flat-files'] as const;

/** Smallest memory limit with which jobs on a full market complete. */
const MEMORY_MIN_BYTES = 128 * 2 ** 20;

/** Every setting, by its name in the configuration file. */
export const SETTINGS = {
  home: {
    variable: 'CONDVEST_HOME',
    doc: 'Home folder for everything Condvest stores. The lake is in its `lake/` folder',
    ...path,
    defaultText: '.condvest',
  },
  intervals: {
    variable: 'CONDVEST_INTERVALS',
    doc: 'Lengths, in sessions, of the bars stored in `silver`. All other lengths are computed on request',
    allowed: `whole numbers from ${INTERVAL_MIN} to ${INTERVAL_MAX}, separated by commas`,
    defaultText: DEFAULT_INTERVALS.join(','),
    read: readIntervals,
  },
  memoryLimitBytes: {
    variable: 'CONDVEST_MEMORY_LIMIT',
    doc: 'Memory limit of the database engine. Work that needs more spills to disk',
    allowed: 'a size of at least 128 MiB, such as 512MB or 2GB',
    defaultText: '512MiB',
    read: (value) => readBytes(value, MEMORY_MIN_BYTES),
  },
  threads: {
    variable: 'CONDVEST_THREADS',
    doc: 'CPU threads of the database engine',
    ...wholeNumber(1, 256),
    defaultText: 'all',
    optional: true,
  },
  closures: {
    variable: 'CONDVEST_CLOSURES',
    doc: 'Exchange closings announced after this release. Bars are recomputed from the first of them on',
    allowed: '`YYYY-MM-DD` or `YYYY-MM-DD=name`, separated by commas; in the file a list of `{"date", "name"}`',
    defaultText: '',
    read: readClosures,
  },
  sourceRanks: {
    variable: 'CONDVEST_SOURCE_RANKS',
    doc: 'Sources, from lowest to highest rank. Only a source of equal or higher rank replaces a stored row',
    allowed: 'names, separated by commas, including `import`',
    defaultText: DEFAULT_SOURCE_RANKS.join(','),
    read: readRanks,
  },
  quarantineBound: {
    variable: 'CONDVEST_QUARANTINE_BOUND',
    doc: 'Share of rejected rows above which a file is left out and a fetched session is not stored; one row is always allowed, unless it is 0',
    ...share,
    defaultText: '0.01',
  },
  partialShare: {
    variable: 'CONDVEST_PARTIAL_SHARE',
    doc: 'Share of the expected rows below which a session is partial',
    ...share,
    defaultText: String(PARTIAL_SHARE),
  },
  retentionDays: {
    variable: 'CONDVEST_RETENTION_DAYS',
    doc: 'Days for which earlier versions stay readable: the default of `vacuum`',
    allowed: 'a whole number from 7 to 400, the longest retention that the tables declare to other programs',
    defaultText: '400',
    read: (value) => whole(value, 7, 400),
  },
  source: {
    variable: 'CONDVEST_SOURCE',
    doc: 'Source of daily bars. `auto`: Massive if there is an API key, otherwise the simulated market',
    allowed: SOURCE_CHOICES.join(', '),
    defaultText: 'auto',
    read: (value) => SOURCE_CHOICES.find((choice) => choice === value) ?? new Invalid(shown(value)),
  },
  scenario: {
    variable: 'CONDVEST_SCENARIO',
    doc: 'Faults between the simulated market and the lake: [scenarios](simulated-market.md)',
    allowed: `names, separated by commas: ${SCENARIO_NAMES.join(', ')}`,
    defaultText: '',
    read: readScenario,
  },
  massiveApiKey: {
    variable: 'MASSIVE_API_KEY',
    alias: 'POLYGON_API_KEY',
    doc: 'API key of Massive (Polygon.io)',
    allowed: 'the key, without spaces',
    optional: true,
    secret: true,
    read: (value) =>
      typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : new Invalid('a hidden value'),
  },
  massiveUrl: {
    variable: 'CONDVEST_MASSIVE_URL',
    doc: "Base URL of the vendor's REST API",
    allowed: 'an http or https URL',
    defaultText: 'https://api.massive.com',
    read: (value) => urlOf(value, ['http:', 'https:']),
  },
  requestsPerMinute: {
    variable: 'CONDVEST_REQUESTS_PER_MINUTE',
    doc: 'Requests to the vendor in any minute, including retries. 0: no limit, as with paid plans',
    ...wholeNumber(0, 6000),
    defaultText: '5',
  },
  flatFiles: {
    variable: 'CONDVEST_FLAT_FILES',
    doc: "Folder of the vendor's daily flat files, for CONDVEST_SOURCE=flat-files",
    ...path,
    optional: true,
  },
  symbolTypes: {
    variable: 'CONDVEST_SYMBOL_TYPES',
    doc: 'Security types to list',
    allowed: "the vendor's codes, separated by commas",
    defaultText: 'CS,ADRC,ETF,ETV,PFD',
    read: readCodes,
  },
  exchanges: {
    variable: 'CONDVEST_EXCHANGES',
    doc: 'Exchanges to list, as MICs',
    allowed: 'MICs, separated by commas',
    defaultText: 'XNYS,XNAS,ARCX,BATS,XASE',
    read: readCodes,
  },
  databaseUrl: {
    variable: 'DATABASE_URL',
    doc: 'PostgreSQL database for runs, leases, notices and API keys. Default: SQLite in the home folder',
    allowed: 'postgres://user:password@host:port/database',
    optional: true,
    secret: true,
    read: (value) => hiddenUrl(value, ['postgres:', 'postgresql:']),
  },
  webhookUrl: {
    variable: 'CONDVEST_WEBHOOK_URL',
    doc: 'URL that notices are posted to',
    allowed: 'an http or https URL',
    optional: true,
    secret: true,
    read: (value) => hiddenUrl(value, ['http:', 'https:']),
  },
  webhookSecret: {
    variable: 'CONDVEST_WEBHOOK_SECRET',
    doc: 'Secret that signs the posts',
    allowed: 'at least 16 characters',
    optional: true,
    secret: true,
    read: (value) => (typeof value === 'string' && value.length >= 16 ? value : new Invalid('a shorter secret')),
  },
  smtpUrl: {
    variable: 'CONDVEST_SMTP_URL',
    doc: 'Mail server for notices',
    allowed: 'smtp://user:password@host:port, or smtps://',
    optional: true,
    secret: true,
    read: (value) => hiddenUrl(value, ['smtp:', 'smtps:']),
  },
  emailFrom: {
    variable: 'CONDVEST_EMAIL_FROM',
    doc: 'Sender of e-mail notices',
    allowed: 'an e-mail address',
    optional: true,
    read: (value) => (typeof value === 'string' && value.includes('@') ? value : new Invalid(shown(value))),
  },
  emailTo: {
    variable: 'CONDVEST_EMAIL_TO',
    doc: 'Recipients of e-mail notices',
    allowed: 'e-mail addresses, separated by commas',
    defaultText: '',
    read: readAddresses,
  },
  ...SERVING_SETTINGS,
} satisfies SettingDefinitions;

/** The values of all settings. */
export type Settings = SettingValues<typeof SETTINGS>;

function readIntervals(value: unknown): readonly number[] | Invalid {
  const items = listOf(value);
  if (items === undefined || items.length === 0) return new Invalid(shown(value));
  const intervals = new Set<number>();
  for (const item of items) {
    const interval = whole(item, INTERVAL_MIN, INTERVAL_MAX);
    if (interval instanceof Invalid) return interval;
    intervals.add(interval);
  }
  return [...intervals].sort((a, b) => a - b);
}

function readClosures(value: unknown): readonly ClosureSetting[] | Invalid {
  if (value === '') return [];
  const items = Array.isArray(value) ? value : listOf(value);
  if (items === undefined) return new Invalid(shown(value));
  const closures: ClosureSetting[] = [];
  for (const item of items) {
    const [dateText, name] =
      typeof item === 'string' ? item.split('=', 2) : [fieldOf(item, 'date'), fieldOf(item, 'name')];
    const date = parseIsoDate(dateText?.trim() ?? '');
    if (date === undefined) return new Invalid(shown(item));
    closures.push({ date, name: name?.trim() || 'Closed' });
  }
  return closures;
}

function readRanks(value: unknown): readonly string[] | Invalid {
  const items = listOf(value)?.map(String) ?? [];
  const isWhole = items.includes('import') && new Set(items).size === items.length;
  return isWhole && items.every((item) => /^[\w-]+$/.test(item)) ? items : new Invalid(shown(value));
}

function readScenario(value: unknown): readonly ScenarioName[] | Invalid {
  if (value === '') return [];
  const items = listOf(value)?.map(String) ?? [];
  const names = items.flatMap((item) => SCENARIO_NAMES.find((name) => name === item) ?? []);
  return items.length > 0 && names.length === items.length ? [...new Set(names)] : new Invalid(shown(value));
}

function readCodes(value: unknown): readonly string[] | Invalid {
  const items = listOf(value)?.map(String) ?? [];
  const isWhole = items.length > 0 && items.every((item) => /^[A-Z0-9]{1,12}$/.test(item));
  return isWhole ? [...new Set(items)] : new Invalid(shown(value));
}

function readAddresses(value: unknown): readonly string[] | Invalid {
  if (value === '') return [];
  const items = listOf(value)?.map(String) ?? [];
  return items.length > 0 && items.every((item) => /^\S+@\S+$/.test(item)) ? items : new Invalid(shown(value));
}
