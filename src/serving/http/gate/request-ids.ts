import type { Random } from '#ports/random.ts';
import type { RequestHead } from '../request-head.ts';
import type { Serving } from '../serving.ts';

/** Ids that no other process gives: some random digits of this one, and a count. */
export function requestIds(random: Random): () => string {
  const prefix = random.uuid().replaceAll('-', '').slice(0, 20);
  let count = 0;
  return () => {
    count += 1;
    return prefix + count.toString(16).padStart(12, '0');
  };
}

export function requestIdOf(
  request: RequestHead,
  { trustProxy }: Pick<Serving, 'trustProxy'>,
  nextId: () => string,
): string {
  const given = trustProxy ? request.header('x-request-id') : undefined;
  return given !== undefined && /^[\w-]{8,64}$/.test(given) ? given : nextId();
}
