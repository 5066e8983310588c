import { signal } from '@preact/signals';
import { type ServerEvent, type StreamState, streamEvents } from '../api/event-stream.ts';
import type { Building, Run, RunStep } from '../api/wire.ts';
import { refreshStatus, setBuilding } from './status.ts';

/** Live events of the server. The page opens one stream, and only while a view uses it. */

export const streamState = signal<StreamState>('connecting');
/** Runs by id, as received since the page was opened: newer than any list loaded before. */
export const liveRuns = signal<ReadonlyMap<string, Run>>(new Map());
/** Steps by run id, then by name and attempt. */
export const liveSteps = signal<ReadonlyMap<string, ReadonlyMap<string, RunStep>>>(new Map());
/** Increases whenever a notice is opened or resolved. */
export const noticeVersion = signal(0);

const STREAM = '/condvest/v1/runs/stream';
/** Most runs held in `liveRuns` and `liveSteps`. */
const RUNS_MAX = 20;

let subscribers = 0;
let abort: AbortController | undefined;

/** Opens the stream for the first subscriber. Returns a function that unsubscribes; the last one closes the stream. */
export function subscribeLive(): () => void {
  subscribers += 1;
  if (subscribers === 1) reconnect();
  return () => {
    subscribers -= 1;
    if (subscribers === 0) abort?.abort();
  };
}

export function reconnect(): void {
  abort?.abort();
  abort = new AbortController();
  void streamEvents(
    STREAM,
    onEvent,
    (state) => {
      streamState.value = state;
    },
    abort.signal,
  );
}

export const stepKey = (step: RunStep): string => `${step.step} ${step.attempt}`;

function onEvent({ event, data }: ServerEvent): void {
  const value: unknown = JSON.parse(data);
  if (event === 'run') onRun(value as Run);
  else if (event === 'step') onStep(value as RunStep);
  else if (event === 'building') setBuilding(value as Building | null);
  else if (event === 'notice') {
    noticeVersion.value += 1;
    refreshStatus();
  }
}

function onRun(run: Run): void {
  liveRuns.value = trimmed(new Map(liveRuns.value).set(run.id, run));
  // A run that starts or ends may change the lake; the new status makes the views reload.
  refreshStatus();
}

function onStep(step: RunStep): void {
  const ofRun = new Map(liveSteps.value.get(step.run_id)).set(stepKey(step), step);
  liveSteps.value = trimmed(new Map(liveSteps.value).set(step.run_id, ofRun));
}

/** Removes the oldest entries beyond `RUNS_MAX`. */
function trimmed<T>(all: Map<string, T>): Map<string, T> {
  for (const key of all.keys()) {
    if (all.size <= RUNS_MAX) break;
    all.delete(key);
  }
  return all;
}
