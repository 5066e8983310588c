import { type InstantMs, MS_PER_DAY } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { CLOCKS_APART_MS_MAX, type ClockDoubt, doubtOfClock } from '#batch/clock-doubt.ts';
import type { AppContext } from '../app.ts';
import { isFromVendor } from '../config/source-choice.ts';

type ClockDeps = Pick<AppContext, 'clock' | 'lake' | 'config' | 'source'>;

/**
 * Checks the clock before anything is written: a wrong one marks sessions as published or settled that are not, lets
 * vacuum delete what it should keep, and hides commits from `--as-of`. A doubt is put to the vendor first, then to
 * `confirm`.
 * @throws UsageError `clock-doubtful`.
 */
export async function checkClock(app: ClockDeps, confirm: (doubt: string) => Promise<boolean>): Promise<void> {
  const nowMs = app.clock.nowMs();
  const doubt = await doubtOfClock(app.lake, nowMs);
  if (doubt === undefined) return;
  const vendorMs = await vendorTimeMs(app);
  if (vendorMs !== undefined && Math.abs(vendorMs - nowMs) <= CLOCKS_APART_MS_MAX) return;
  const described = describeDoubt(doubt, nowMs, vendorMs);
  if (await confirm(described)) return;
  throw new UsageError({
    code: 'clock-doubtful',
    message: described,
    action: 'Set the clock; if it is right, repeat the command with --clock-is-right',
  });
}

function describeDoubt({ kind, newestMs }: ClockDoubt, nowMs: InstantMs, vendorMs: InstantMs | undefined): string {
  const clock = `this machine's clock says ${instant(nowMs)}`;
  const vendor = vendorMs === undefined ? '' : `, and the vendor's ${instant(vendorMs)}`;
  if (kind === 'behind') return `The newest commit of the lake is from ${instant(newestMs)}, but ${clock}${vendor}`;
  const days = Math.floor((nowMs - newestMs) / MS_PER_DAY);
  return `The newest commit of the lake is from ${instant(newestMs)}, and ${clock}${vendor}: ${days} days later`;
}

function instant(ms: InstantMs): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Undefined if there is no vendor, or it cannot say. */
async function vendorTimeMs(app: ClockDeps): Promise<InstantMs | undefined> {
  if (!isFromVendor(app.config)) return undefined;
  try {
    return await (await app.source()).serverTimeMs?.();
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    return undefined;
  }
}
