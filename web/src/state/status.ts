import { signal } from '@preact/signals';
import { type ApiError, isAbort, isOffline } from '../api/client.ts';
import { fetchStatus } from '../api/fetchers.ts';
import type { Building, Status } from '../api/wire.ts';
import { isKeyWanted } from './access-key.ts';

/** How the lake is, asked for now and then, and at once where an event says that something has changed. */

export const status = signal<Status | undefined>(undefined);
export const statusError = signal<ApiError | undefined>(undefined);
/** Grows when the lake has other data than before: views load again. */
export const dataVersion = signal(0);

const EVERY_MS = 15_000;
/** While there is nothing to show yet, or nobody answers. */
const SOON_MS = 2_000;

let timer: ReturnType<typeof setTimeout> | undefined;
let abort: AbortController | undefined;

export function followStatus(): void {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) askNow();
  });
  addEventListener('online', askNow);
  // Some call has found nobody there: from now on the status is asked for until somebody is.
  isOffline.subscribe((isGone) => {
    if (isGone && !document.hidden) askIn(SOON_MS);
  });
  askNow();
}

export function askNow(): void {
  clearTimeout(timer);
  abort?.abort();
  const asked = new AbortController();
  abort = asked;
  void ask(asked.signal);
}

async function ask(signal: AbortSignal): Promise<void> {
  const wasOffline = isOffline.peek();
  try {
    const next = await fetchStatus(signal);
    const before = status.peek();
    status.value = next;
    statusError.value = undefined;
    const isOther = before !== undefined && fingerprint(before) !== fingerprint(next);
    if (isOther || wasOffline) dataVersion.value += 1;
  } catch (error) {
    if (isAbort(error)) return;
    statusError.value = error as ApiError;
  }
  // A hidden tab asks again when it is looked at; a server that wants a key, when it has been given one.
  if (document.hidden || isKeyWanted.peek()) return;
  const isSoon = statusError.peek() !== undefined || status.peek()?.last_published == null;
  askIn(isSoon ? SOON_MS : EVERY_MS);
}

function askIn(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(askNow, ms);
}

/** What views show depends on: the last session, how many are final, when something last came in. */
function fingerprint({ last_published, sessions, lake }: Status): string {
  return JSON.stringify([last_published, sessions, lake.last_fetch_ms]);
}

export function showBuilding(building: Building | null): void {
  const now = status.peek();
  if (now !== undefined) status.value = { ...now, building };
  if (building === null || building.error !== null) askNow();
}
