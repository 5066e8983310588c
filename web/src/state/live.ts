import { signal } from '@preact/signals';
import { followEvents, type ServerEvent, type StreamState } from '../api/event-stream.ts';
import type { Building, Run, RunStep } from '../api/wire.ts';
import { askNow, showBuilding } from './status.ts';

/** What happens on the server as it happens. One stream a page, and only while a view shows what it tells. */

export const streamState = signal<StreamState>('connecting');
/** Runs that were spoken of since the page was opened, by id: newer than any list loaded before. */
export const liveRuns = signal<ReadonlyMap<string, Run>>(new Map());
/** Steps by run, then by name and attempt. */
export const liveSteps = signal<ReadonlyMap<string, ReadonlyMap<string, RunStep>>>(new Map());
/** Grows with each notice opened or resolved. */
export const noticeVersion = signal(0);

const STREAM = '/condvest/v1/runs/stream';
/** Runs whose steps are kept. */
const RUNS_MAX = 20;

let users = 0;
let abort: AbortController | undefined;

/** Opens the stream for whoever calls, until what is returned is called; the last to leave closes it. */
export function followLive(): () => void {
  users += 1;
  if (users === 1) openNow();
  return () => {
    users -= 1;
    if (users === 0) abort?.abort();
  };
}

export function openNow(): void {
  abort?.abort();
  abort = new AbortController();
  void followEvents(
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
  else if (event === 'building') showBuilding(value as Building | null);
  else if (event === 'notice') {
    noticeVersion.value += 1;
    askNow();
  }
}

function onRun(run: Run): void {
  liveRuns.value = newest(new Map(liveRuns.value).set(run.id, run));
  // Begun or ended, the lake may be another: the status says so, and views follow it.
  askNow();
}

function onStep(step: RunStep): void {
  const ofRun = new Map(liveSteps.value.get(step.run_id)).set(stepKey(step), step);
  liveSteps.value = newest(new Map(liveSteps.value).set(step.run_id, ofRun));
}

function newest<T>(all: Map<string, T>): Map<string, T> {
  for (const key of all.keys()) {
    if (all.size <= RUNS_MAX) break;
    all.delete(key);
  }
  return all;
}
