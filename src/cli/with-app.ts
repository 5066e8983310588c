import type { AppContext } from '#runtime/app.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import type { Invocation } from './command.ts';

/** Opens the application context, runs a command on it, and closes it whatever happens. */
export async function withApp<T>({ config }: Invocation, work: (app: AppContext) => Promise<T>): Promise<T> {
  await using app = await openLocal(config);
  return await work(app);
}
