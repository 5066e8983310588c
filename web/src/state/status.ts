import { signal } from '@preact/signals';
import { type ApiError, isAbort, isOffline } from '../api/client.ts';
import { fetchStatus } from '../api/fetchers.ts';
import type { Building, Status } from '../api/wire.ts';
import { isKeyRequired } from './access-key.ts';

/** Status of the lake, polled at an interval and refreshed as soon as an event reports a change. */

export const status = signal<Status | undefined>(undefined);
export const statusError = signal<ApiError | undefined>(undefined);
/** Increases whenever the lake's data changes; views then reload. */
export const dataVersion = signal(0);

const POLL_MS = 15_000;
/** While the lake is empty or the server is unreachable. */
const POLL_FAST_MS = 2_000;

let timer: ReturnType<typeof setTimeout> | undefined;
let abort: AbortController | undefined;

export function startStatusPolling(): void {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refreshStatus();
  });
  addEventListener('online', refreshStatus);
  // Some request found the server unreachable: poll until it responds again.
  isOffline.subscribe((isUnreachable) => {
    if (isUnreachable && !document.hidden) schedulePoll(POLL_FAST_MS);
  });
  refreshStatus();
}

export function refreshStatus(): void {
  clearTimeout(timer);
  abort?.abort();
  abort = new AbortController();
  void poll(abort.signal);
}

async function poll(signal: AbortSignal): Promise<void> {
  const wasOffline = isOffline.peek();
  try {
    const next = await fetchStatus(signal);
    const previous = status.peek();
    status.value = next;
    statusError.value = undefined;
    const hasChanged = previous !== undefined && fingerprint(previous) !== fingerprint(next);
    if (hasChanged || wasOffline) dataVersion.value += 1;
  } catch (error) {
    if (isAbort(error)) return;
    statusError.value = error as ApiError;
  }
  // A hidden tab polls again once it is visible, a server that requires a key once it has one.
  if (document.hidden || isKeyRequired.peek()) return;
  const isUrgent = statusError.peek() !== undefined || status.peek()?.last_published == null;
  schedulePoll(isUrgent ? POLL_FAST_MS : POLL_MS);
}

function schedulePoll(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(refreshStatus, ms);
}

/** Everything views depend on: the last session, the number of sessions in each state and the time of the last fetch. */
function fingerprint({ last_published, sessions, lake }: Status): string {
  return JSON.stringify([last_published, sessions, lake.last_fetch_ms]);
}

export function setBuilding(building: Building | null): void {
  const current = status.peek();
  if (current !== undefined) status.value = { ...current, building };
  if (building === null || building.error !== null) refreshStatus();
}
