import { definer, type SettingsTable } from './setting-definition.ts';
import { Invalid, listOf, readBytes, shown, urlOf, whole, yesOrNo } from './setting-values.ts';

/** The settings of the server. */
export interface ServingSettings {
  readonly serveHost: string;
  /** Undefined: the default one, or the next that is free. */
  readonly servePort: number | undefined;
  readonly servePublicUrl: string | undefined;
  readonly serveHosts: readonly string[];
  /** Undefined: none on a server without keys, all on one that needs them. */
  readonly serveCors: readonly string[] | undefined;
  readonly serveTrustProxy: boolean;
  readonly serveSql: boolean;
  /** `auto`, `off`, `stderr`, or a path. */
  readonly accessLog: string;
  readonly serveCacheBytes: number;
  readonly serveReads: number;
  readonly serveExportRows: number;
  readonly serveConnections: number;
}

/** Where nothing else was asked for. */
export const SERVE_PORT_DEFAULT = 8787;
const CACHE_MIN_BYTES = 2 ** 20;

const define = definer<ServingSettings>();

export const SERVING_SETTINGS: SettingsTable<ServingSettings> = [
  define({
    key: 'serveHost',
    variable: 'CONDVEST_SERVE_HOST',
    doc: 'Address that the server listens at. Any but a loopback address needs keys',
    allowed: 'a name or address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0',
    defaultText: '127.0.0.1',
    read: (value) =>
      typeof value === 'string' && /^[A-Za-z0-9.:_-]{1,253}$/.test(value) ? value : new Invalid(shown(value)),
  }),
  define({
    key: 'servePort',
    variable: 'CONDVEST_SERVE_PORT',
    doc: 'Port that the server listens at. Where the default one is taken and none was asked for, the next free one',
    allowed: 'a whole number from 0 to 65535; 0: any that is free',
    defaultText: String(SERVE_PORT_DEFAULT),
    optional: true,
    read: (value) => whole(value, 0, 65_535),
  }),
  define({
    key: 'servePublicUrl',
    variable: 'CONDVEST_SERVE_PUBLIC_URL',
    doc: 'Address by which callers reach the server through a proxy. Needs keys',
    allowed: 'an http or https address without a path',
    defaultText: 'none',
    optional: true,
    read: readOrigin,
  }),
  define({
    key: 'serveHosts',
    variable: 'CONDVEST_SERVE_HOSTS',
    doc: 'Further names that the server goes by. Needs keys',
    allowed: 'names with or without a port, separated by commas',
    defaultText: '',
    read: readHosts,
  }),
  define({
    key: 'serveCors',
    variable: 'CONDVEST_SERVE_CORS',
    doc: 'Origins whose pages may use the server from a browser',
    allowed: 'origins such as https://pro.openbb.co, separated by commas; `*` for all, `none` for no other',
    defaultText: 'none without keys, * with keys',
    optional: true,
    read: readOrigins,
  }),
  define({
    key: 'serveTrustProxy',
    variable: 'CONDVEST_SERVE_TRUST_PROXY',
    doc: 'X-Forwarded-For, -Host, -Proto and -Port of a proxy in front count. Needs keys',
    allowed: 'true or false',
    defaultText: 'false',
    read: yesOrNo,
  }),
  define({
    key: 'serveSql',
    variable: 'CONDVEST_SERVE_SQL',
    doc: 'Callers with the scope admin may run SQL that reads, sandboxed',
    allowed: 'true or false',
    defaultText: 'false',
    read: yesOrNo,
  }),
  define({
    key: 'accessLog',
    variable: 'CONDVEST_ACCESS_LOG',
    doc: 'Where a line of JSON goes for each request. `auto`: to standard error, unless that is a terminal',
    allowed: 'auto, off, stderr, or the path of a file',
    defaultText: 'auto',
    read: (value) => (typeof value === 'string' && value.trim() !== '' ? value : new Invalid(shown(value))),
  }),
  define({
    key: 'serveCacheBytes',
    variable: 'CONDVEST_SERVE_CACHE',
    doc: 'Memory for cached responses and for what the server has read of the lake',
    allowed: 'a size of at least 1 MiB',
    defaultText: '128MiB',
    read: (value) => readBytes(value, CACHE_MIN_BYTES),
  }),
  define({
    key: 'serveReads',
    variable: 'CONDVEST_SERVE_READS',
    doc: 'Reads of the lake at once; some hundred more wait, and the next is refused with 503',
    allowed: 'a whole number from 1 to 64',
    defaultText: '4',
    read: (value) => whole(value, 1, 64),
  }),
  define({
    key: 'serveExportRows',
    variable: 'CONDVEST_SERVE_EXPORT_ROWS',
    doc: 'Rows of one export',
    allowed: 'a whole number from 1 to 1000000000',
    defaultText: '50000000',
    read: (value) => whole(value, 1, 1_000_000_000),
  }),
  define({
    key: 'serveConnections',
    variable: 'CONDVEST_SERVE_CONNECTIONS',
    doc: 'Connections at once',
    allowed: 'a whole number from 1 to 65536',
    defaultText: '1024',
    read: (value) => whole(value, 1, 65_536),
  }),
];

/** Scheme, host and port: what addresses in answers begin with. */
function readOrigin(value: unknown): string | Invalid {
  const text = urlOf(value, ['http:', 'https:']);
  if (text instanceof Invalid) return text;
  const { origin, pathname, search, hash } = new URL(text);
  return pathname === '/' && search === '' && hash === '' ? origin : new Invalid(text);
}

function readHosts(value: unknown): readonly string[] | Invalid {
  if (value === '') return [];
  const items = listOf(value)?.map(String) ?? [];
  const isWhole = items.length > 0 && items.every((item) => /^(\[[0-9A-Fa-f:]+\]|[\w.-]+)(:\d{1,5})?$/.test(item));
  return isWhole ? items.map((item) => item.toLowerCase()) : new Invalid(shown(value));
}

function readOrigins(value: unknown): readonly string[] | Invalid {
  if (value === 'none') return [];
  const items = listOf(value)?.map(String) ?? [];
  const origins = items.map((item) => (item === '*' ? item : readOrigin(item)));
  const found = origins.flatMap((one) => (one instanceof Invalid ? [] : [one]));
  return found.length > 0 && found.length === origins.length ? found : new Invalid(shown(value));
}
