/**
 * Host names that a server accepts. Any web page can point a name of its own at 127.0.0.1 and then read a loopback
 * server as if it were its own (DNS rebinding). Its requests still carry that name in `Host`, and are rejected for it.
 */

export interface HostRules {
  /** Returns whether this server accepts the `Host` of a request. */
  isOurs(host: string): boolean;
}

export interface HostOptions {
  /** The address that the server was told to listen on: `127.0.0.1`, `::1`, `localhost`, `0.0.0.0`. */
  readonly bind: string;
  readonly port: number;
  /** Further names: `data.example.com` with any port, `data.example.com:8080` with that port only. */
  readonly names: readonly string[];
  readonly publicUrl: string | undefined;
}

/**
 * Returns the rules of a server. A loopback server accepts loopback names with its own port. Any other server requires
 * keys and accepts IP addresses too, since only names can be pointed elsewhere. Both accept the configured names.
 */
export function hostRules({ bind, port, names, publicUrl }: HostOptions): HostRules {
  const given = new Set(names.map((name) => name.toLowerCase()));
  // With any port: a proxy may forward the name without it, as nginx's `$host` does.
  if (publicUrl !== undefined) given.add(new URL(publicUrl).hostname.toLowerCase());
  const isLocal = isLoopback(bind);
  const isOurs = (host: string): boolean => {
    const parts = splitHost(host);
    if (parts === undefined) return false;
    if (given.has(host.toLowerCase()) || given.has(parts.name)) return true;
    if (isLocal) return isLoopback(parts.name) && (parts.port ?? HTTP_PORT) === port;
    return isLoopback(parts.name) || isAddress(parts.name);
  };
  // Nearly all requests use one name.
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

/** Returns whether a name is reachable from this machine only: `localhost` and names below it, 127.0.0.0/8, `::1`. */
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
 * Origin of a request according to the browser. `none`: no page, or a person's own navigation; `same`: a page of this
 * server; `listed`: a page of an allowed origin; `any`: some page, if all origins are allowed; `foreign`: any other.
 */
export type RequestSite = 'none' | 'same' | 'listed' | 'any' | 'foreign';

export interface AskerHeaders {
  readonly method: string;
  readonly origin: string | undefined;
  /** Origin of the request's own URL, as the caller sees it: `http://localhost:8787`. */
  readonly ownOrigin: string;
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  /** Whether the response is shown to a person (the page, its files, the reference) and contains no data. */
  readonly isPage: boolean;
}

/** Classifies the origin of a request. `allowed`: origins; `*` among them allows all. */
export function askerOf(headers: AskerHeaders, allowed: readonly string[]): RequestSite {
  const { method, origin, ownOrigin, fetchSite, fetchMode, isPage } = headers;
  if (origin !== undefined) {
    if (origin === ownOrigin) return 'same';
    if (allowed.includes(origin)) return 'listed';
    return allowed.includes('*') ? 'any' : 'foreign';
  }
  // Without `Origin`, as for <img src> and <script src>, the browser still says which site the page is from.
  if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none') return 'none';
  // A person followed a link to our page. A frame in another page looks the same and could put load on this server, so
  // this holds for pages only, never for data.
  if (isPage && fetchMode === 'navigate' && (method === 'GET' || method === 'HEAD')) return 'none';
  return allowed.includes('*') ? 'any' : 'foreign';
}
