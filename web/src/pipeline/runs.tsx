import { href } from '../address.ts';
import { fetchRun, fetchRuns } from '../api/fetchers.ts';
import type { Run, RunStep } from '../api/wire.ts';
import { capitalize, duration, instant, integer, plural } from '../format.ts';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { nowMs, useClock } from '../state/clock.ts';
import { liveRuns, liveSteps, reconnect, stepKey, streamState } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { StartRun } from './start-run.tsx';

const RUNS_SHOWN = 8;

/** Recent runs, and the steps of the requested one, or else of the newest. */
export function Runs({ requested }: { readonly requested: string | undefined }) {
  const { data, error, retry } = useResource('runs', fetchRuns);
  const runs = merged(data?.results ?? [], [...liveRuns.value.values()]);
  const selected = requested ?? runs[0]?.id;
  useClock(runs.some((run) => run.state === 'running'));
  return (
    <section class="card runs" aria-labelledby="runs-title">
      <header>
        <h2 id="runs-title">Runs</h2>
        <StreamPill />
      </header>
      <StartRun isRunning={runs.some((run) => run.state === 'running')} />
      {error !== undefined && data === undefined ? (
        <LoadError error={error} title="Couldn't load runs" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={14} label="Loading runs" />
      ) : runs.length === 0 ? (
        <p class="empty">No runs yet. Runs appear here with each of their steps.</p>
      ) : (
        <>
          <ul class="run-list" aria-label="Recent runs">
            {runs.slice(0, RUNS_SHOWN).map((run) => (
              <li key={run.id}>
                <a
                  href={href('pipeline', { run: run.id })}
                  aria-current={run.id === selected ? 'true' : undefined}
                  data-run={run.id}
                >
                  <StateBadge state={run.state} />
                  <span>
                    {capitalize(run.kind)} <span class="run-time muted small">{instant(run.started_ms)}</span>
                  </span>
                  <span class="muted small number">
                    {duration((run.ended_ms ?? nowMs.value) - run.started_ms)}
                    {run.tries > 1 ? ` · ${plural(run.tries, 'attempt')}` : ''}
                  </span>
                </a>
              </li>
            ))}
          </ul>
          {selected === undefined ? null : (
            <Steps key={selected} id={selected} listed={runs.find((run) => run.id === selected)} />
          )}
        </>
      )}
    </section>
  );
}

/** Merges listed and streamed runs. The stream is newer than a list that still has the run as running. */
function merged(listed: readonly Run[], live: readonly Run[]): Run[] {
  const byId = new Map(listed.map((run) => [run.id, run]));
  for (const run of live) {
    const known = byId.get(run.id);
    if (known === undefined || known.state === 'running' || run.tries > known.tries) byId.set(run.id, run);
  }
  return [...byId.values()].sort((a, b) => b.started_ms - a.started_ms);
}

function StreamPill() {
  const state = streamState.value;
  if (state === 'open') {
    return (
      <span class="state-pill">
        <i class="dot" aria-hidden="true" /> Live
      </span>
    );
  }
  if (state !== 'disconnected') return <span class="state-pill">{capitalize(state)}…</span>;
  return (
    <button type="button" class="button" onClick={reconnect}>
      Disconnected. Reconnect
    </button>
  );
}

const STATE_CLASS = { running: 'is-accent', succeeded: 'is-good', failed: 'is-bad' } as const;

function StateBadge({ state }: { readonly state: Run['state'] }) {
  return <span class={`badge ${STATE_CLASS[state]}`}>{capitalize(state)}</span>;
}

function Steps({ id, listed }: { readonly id: string; readonly listed: Run | undefined }) {
  // When the run ends, its record is loaded again, with any steps that the stream missed.
  const { data, error, retry } = useResource(`run ${id} ${listed?.state ?? ''}`, (signal) => fetchRun(id, signal));
  const byKey = new Map((data?.steps ?? []).map((step) => [stepKey(step), step]));
  for (const [key, step] of liveSteps.value.get(id) ?? []) {
    if (byKey.get(key)?.ended_ms == null) byKey.set(key, step);
  }
  const steps = [...byKey.values()].sort((a, b) => a.started_ms - b.started_ms);
  const run = listed ?? data?.run;
  if (error !== undefined && steps.length === 0) {
    return <LoadError error={error} title="Couldn't load steps" onRetry={retry} />;
  }
  if (run === undefined || (data === undefined && steps.length === 0))
    return <SkeletonLines lines={11} label="Loading steps" />;
  const end = run.ended_ms ?? Math.max(nowMs.value, run.started_ms + 1);
  return (
    <div class="steps" data-part="steps" data-run-state={run.state}>
      <p class="steps-title small muted" role="status">
        Run {run.id}: {run.state}
        {run.state === 'running'
          ? ''
          : ` ${run.state === 'succeeded' ? 'in' : 'after'} ${duration(end - run.started_ms)}`}
        , {plural(steps.length, 'step')}
      </p>
      {run.error === null ? null : <p class="steps-error small">{run.error}</p>}
      <div class="table-frame">
        <table class="data" aria-label="Run steps">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">State</th>
              <th scope="col" class="end">
                Rows
              </th>
              <th scope="col" class="end">
                Duration
              </th>
              <th scope="col" class="wide-only">
                Timeline
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step) => (
              <StepRow key={stepKey(step)} step={step} from={run.started_ms} to={end} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function StepRow({ step, from, to }: { readonly step: RunStep; readonly from: number; readonly to: number }) {
  const end = step.ended_ms ?? to;
  const span = Math.max(1, to - from);
  const x = Math.min(99, Math.max(0, ((step.started_ms - from) / span) * 100));
  const width = Math.max(1, Math.min(100 - x, ((end - step.started_ms) / span) * 100));
  return (
    <tr>
      <th scope="row">
        {step.step}
        {step.attempt > 1 ? <span class="muted"> · attempt {step.attempt}</span> : null}
        {step.detail === null ? null : <span class="step-detail">{capitalize(step.detail)}</span>}
        {step.error === null ? null : <span class="step-detail bad">{capitalize(step.error)}</span>}
      </th>
      <td>
        <StateBadge state={step.state} />
      </td>
      <td class="end">{integer(step.rows)}</td>
      <td class="end">{duration(end - step.started_ms)}</td>
      <td class="wide-only">
        <svg class={`in-run is-${step.state}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" width="100" height="6" rx="1" />
          <rect class="span" x={x} width={width} height="6" rx="1" />
        </svg>
      </td>
    </tr>
  );
}
