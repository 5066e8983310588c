/** The head of a request, as Hono gives it to a route and as `headOf` reads it without Hono. */
export interface RequestHead {
  readonly method: string;
  /** With its origin. */
  readonly url: string;
  header(name: string): string | undefined;
}

export function headOf({ method, url, headers }: Request): RequestHead {
  return { method, url, header: (name) => headers.get(name) ?? undefined };
}
