import { UsageError } from '#base/errors.ts';
import { yearsBefore } from '#runtime/daemon/history.ts';

import type { ExitCode, Invocation } from './command.ts';
import { fetchAndReport } from './fetch.ts';
import { dateOption, wholeOption } from './options.ts';

const YEARS_MAX = 60;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const years = wholeOption(invocation, 'years', 1, YEARS_MAX);
  const from = dateOption(invocation, 'from');
  const to = dateOption(invocation, 'to');
  if ((years === undefined) === (from === undefined)) {
    throw new UsageError({
      code: 'backfill-range',
      message: 'A backfill needs a start',
      found: years === undefined ? 'neither --years nor --from' : 'both --years and --from',
      allowed: 'either --years N or --from DATE',
    });
  }
  return fetchAndReport(invocation, { from: from ?? yearsBefore(Date.now(), years ?? 1), to });
}
