import { type Laptop, openLaptop } from '#runtime/local/open-local.ts';

import type { Invocation } from './command.ts';

/** Runs a command's work on an open lake, which is closed whatever happens. */
export async function withLaptop<T>(invocation: Invocation, work: (laptop: Laptop) => Promise<T>): Promise<T> {
  await using laptop = await openLaptop(invocation.config);
  return await work(laptop);
}
