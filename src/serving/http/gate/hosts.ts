/**
 * By which names a server may be reached. A page anywhere can point a name of its own at 127.0.0.1 and then read a
 * loopback server as if it were its own (DNS rebinding); its requests still carry that name in `Host`, and are refused
 * by it.
 */

export interface HostRules {
  /** `Host` of a request is one that this server goes by. */
  isOurs(host: string): boolean;
}

export interface HostOptions {
  /** The address that the server listens at, as it was asked for: `127.0.0.1`, `::1`, `localhost`, `0.0.0.0`. */
  readonly bind: string;
  readonly port: number;
  /** Further names: `data.example.com` with any port, `data.example.com:8080` with that one alone. */
  readonly names: readonly string[];
  readonly publicUrl: string | undefined;
}

/**
 * A loopback server goes by loopback names with its own port. Any other is guarded by keys, so addresses count too:
 * only a name can be pointed elsewhere. Both go by the names that the operator gave.
 */
export function hostRules({ bind, port, names, publicUrl }: HostOptions): HostRules {
  const given = new Set(names.map((name) => name.toLowerCase()));
  // With any port: a proxy may hand on the name without it, as nginx's `$host` does.
  if (publicUrl !== undefined) given.add(new URL(publicUrl).hostname.toLowerCase());
  const isLocal = isLoopback(bind);
  const isOurs = (host: string): boolean => {
    const parts = splitHost(host);
    if (parts === undefined) return false;
    if (given.has(host.toLowerCase()) || given.has(parts.name)) return true;
    if (isLocal) return isLoopback(parts.name) && (parts.port ?? HTTP_PORT) === port;
    return isLoopback(parts.name) || isAddress(parts.name);
  };
  // Nearly all requests come by one name.
  let last: string | undefined;
  return {
    isOurs: (host) => {
      if (host === last) return true;
      const isGood = isOurs(host);
      if (isGood) last = host;
      return isGood;
    },
  };
}

const HTTP_PORT = 80;

/** Reached from this machine alone: `localhost` and names below it, 127.0.0.0/8, `::1`. */
export function isLoopback(name: string): boolean {
  const bare = name.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return (
    bare === 'localhost' ||
    bare.endsWith('.localhost') ||
    bare === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
  );
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function splitHost(host: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(host);
  const name = match?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  return { name, port: match?.[2] === undefined ? undefined : Number(match[2]) };
}

/**
 * Origin of a request according to the browser. `none`: no page, or a person by hand; `same`: a page of this server;
 * `listed`: a page that the operator allows; `any`: a page, where the operator allows all; `foreign`: another page.
 */
export type RequestSite = 'none' | 'same' | 'listed' | 'any' | 'foreign';

export interface AskerHeaders {
  readonly method: string;
  readonly origin: string | undefined;
  /** Of the request's own address, as the caller sees it: `http://localhost:8787`. */
  readonly ownOrigin: string;
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  /** Whether the response is shown to a person: the page, its files, the reference. Not data. */
  readonly isPage: boolean;
}

/** `allowed`: origins, or `*` among them for all. */
export function askerOf(headers: AskerHeaders, allowed: readonly string[]): RequestSite {
  const { method, origin, ownOrigin, fetchSite, fetchMode, isPage } = headers;
  if (origin !== undefined) {
    if (origin === ownOrigin) return 'same';
    if (allowed.includes(origin)) return 'listed';
    return allowed.includes('*') ? 'any' : 'foreign';
  }
  // Without `Origin`, as in <img src> and <script src>, the browser still says where the page was from.
  if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none') return 'none';
  // Somebody followed a link here: what is shown is our page, not theirs. A frame in theirs goes the same way, and
  // could make
  // this server work: so it leads to no data.
  if (isPage && fetchMode === 'navigate' && (method === 'GET' || method === 'HEAD')) return 'none';
  return allowed.includes('*') ? 'any' : 'foreign';
}
