import type { SettingDefinitions } from './setting-definition.ts';
import { Invalid, listOf, path, readBytes, shown, urlOf, whole, wholeNumber, yesOrNo } from './setting-values.ts';

/** Default port. */
export const SERVE_PORT_DEFAULT = 8787;
const CACHE_MIN_BYTES = 2 ** 20;

/** Settings of the server. */
export const SERVING_SETTINGS = {
  serveHost: {
    variable: 'CONDVEST_SERVE_HOST',
    doc: 'Address to listen on. Any address other than loopback requires API keys',
    allowed: 'a name or address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0',
    defaultText: '127.0.0.1',
    read: (value) =>
      typeof value === 'string' && /^[A-Za-z0-9.:_-]{1,253}$/.test(value) ? value : new Invalid(shown(value)),
  },
  /** Undefined: the default port, or the next one that is free. */
  servePort: {
    variable: 'CONDVEST_SERVE_PORT',
    doc: 'Port to listen on. If it is not set and the default port is in use, the next free port',
    allowed: 'a whole number from 0 to 65535; 0: any free port',
    defaultText: String(SERVE_PORT_DEFAULT),
    optional: true,
    read: (value) => whole(value, 0, 65_535),
  },
  servePublicUrl: {
    variable: 'CONDVEST_SERVE_PUBLIC_URL',
    doc: 'URL at which callers reach the server through a proxy. Requires API keys',
    allowed: 'an http or https URL without a path',
    optional: true,
    read: readOrigin,
  },
  serveHosts: {
    variable: 'CONDVEST_SERVE_HOSTS',
    doc: 'Additional host names of the server. Requires API keys',
    allowed: 'names with or without a port, separated by commas',
    defaultText: '',
    read: readHosts,
  },
  /** Undefined: no origins on a server without API keys, all origins on a server with them. */
  serveCors: {
    variable: 'CONDVEST_SERVE_CORS',
    doc: 'Origins whose pages may call the server from a browser',
    allowed: 'origins such as https://pro.openbb.co, separated by commas; `*` for all, `none` for none',
    defaultText: 'none without keys, * with keys',
    optional: true,
    read: readOrigins,
  },
  serveTrustProxy: {
    variable: 'CONDVEST_SERVE_TRUST_PROXY',
    doc: 'Trust X-Forwarded-For, -Host, -Proto and -Port of a proxy in front. Requires API keys',
    ...yesOrNo,
    defaultText: 'false',
  },
  serveSql: {
    variable: 'CONDVEST_SERVE_SQL',
    doc: 'Let callers with the admin scope run read-only SQL in a sandbox',
    ...yesOrNo,
    defaultText: 'false',
  },
  serveSqlSeconds: {
    variable: 'CONDVEST_SERVE_SQL_SECONDS',
    doc: 'Time limit of one SQL statement, in seconds, until the last byte of its response',
    ...wholeNumber(1, 900),
    defaultText: '60',
  },
  accessLog: {
    variable: 'CONDVEST_ACCESS_LOG',
    doc: 'Destination of the access log, one line of JSON per request. `auto`: standard error, unless that is a terminal',
    allowed: 'auto, off, stderr, or a file path',
    defaultText: 'auto',
    read: path.read,
  },
  serveCacheBytes: {
    variable: 'CONDVEST_SERVE_CACHE',
    doc: 'Memory for cached responses and for what the server has read of the lake',
    allowed: 'a size of at least 1 MiB',
    defaultText: '128MiB',
    read: (value) => readBytes(value, CACHE_MIN_BYTES),
  },
  serveReads: {
    variable: 'CONDVEST_SERVE_READS',
    doc: 'Concurrent reads of the lake. Several hundred more wait; beyond that, requests get 503',
    ...wholeNumber(1, 64),
    defaultText: '4',
  },
  serveExportRows: {
    variable: 'CONDVEST_SERVE_EXPORT_ROWS',
    doc: 'Maximum rows of one export',
    ...wholeNumber(1, 1_000_000_000),
    defaultText: '50000000',
  },
  serveConnections: {
    variable: 'CONDVEST_SERVE_CONNECTIONS',
    doc: 'Maximum concurrent connections',
    ...wholeNumber(1, 65_536),
    defaultText: '1024',
  },
} satisfies SettingDefinitions;

/** Reads an origin (scheme, host and port), the start of every URL in responses. */
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
