import { href } from '../address.ts';
import { fetchRun, fetchRuns } from '../api/fetchers.ts';
import type { Run, RunStep } from '../api/wire.ts';
import { duration, instant, plural, whole } from '../format.ts';
import { Failure, SkeletonLines } from '../parts/placeholders.tsx';
import { liveRuns, liveSteps, openNow, stepKey, streamState } from '../state/live.ts';
import { useResource } from '../state/resource.ts';
import { nowMs, useTicking } from '../state/ticking.ts';
import { RunStart } from './run-start.tsx';

const SHOWN = 8;

/** The newest runs, and the steps of one: the one asked for, else the newest. */
export function Runs({ asked }: { readonly asked: string | undefined }) {
  const { data, error, retry } = useResource('runs', fetchRuns);
  const runs = merged(data?.results ?? [], [...liveRuns.value.values()]);
  const chosen = runs.find((run) => run.id === asked)?.id ?? asked ?? runs[0]?.id;
  useTicking(runs.some((run) => run.state === 'running'));
  return (
    <section class="card runs" aria-labelledby="runs-title">
      <header>
        <h2 id="runs-title">Runs</h2>
        <StreamPill />
      </header>
      <RunStart isRunning={runs.some((run) => run.state === 'running')} />
      {error !== undefined ? (
        <Failure error={error} title="The runs did not come" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading the runs" />
      ) : runs.length === 0 ? (
        <p class="empty">No run yet. The first is recorded here, step by step.</p>
      ) : (
        <>
          <ul class="run-list" aria-label="Newest runs">
            {runs.slice(0, SHOWN).map((run) => (
              <li key={run.id}>
                <a
                  href={href('pipeline', { run: run.id })}
                  aria-current={run.id === chosen ? 'true' : undefined}
                  data-run={run.id}
                >
                  <StateBadge state={run.state} />
                  <span>
                    {run.kind}
                    <span class="soft small"> · {instant(run.started_ms)}</span>
                  </span>
                  <span class="soft small number">
                    {duration((run.ended_ms ?? nowMs.value) - run.started_ms)}
                    {run.tries > 1 ? ` · ${plural(run.tries, 'try', 'tries')}` : ''}
                  </span>
                </a>
              </li>
            ))}
          </ul>
          {chosen === undefined ? null : (
            <Steps key={chosen} id={chosen} known={runs.find((run) => run.id === chosen)} />
          )}
        </>
      )}
    </section>
  );
}

/** A run that ended in the stream has ended, whatever a list from before says. */
function merged(listed: readonly Run[], live: readonly Run[]): Run[] {
  const byId = new Map(listed.map((run) => [run.id, run]));
  for (const run of live) {
    const before = byId.get(run.id);
    if (before === undefined || before.state === 'running' || run.tries > before.tries) byId.set(run.id, run);
  }
  return [...byId.values()].sort((a, b) => b.started_ms - a.started_ms);
}

function StreamPill() {
  const state = streamState.value;
  if (state === 'open') {
    return (
      <span class="state-pill">
        <i class="dot" aria-hidden="true" /> live
      </span>
    );
  }
  if (state === 'connecting') return <span class="state-pill">connecting…</span>;
  return (
    <button type="button" class="button" onClick={openNow}>
      Not live: connect again
    </button>
  );
}

const STATE_LOOK = { running: 'is-accent', succeeded: 'is-good', failed: 'is-bad' } as const;

function StateBadge({ state }: { readonly state: Run['state'] }) {
  return <span class={`badge ${STATE_LOOK[state]}`}>{state}</span>;
}

function Steps({ id, known }: { readonly id: string; readonly known: Run | undefined }) {
  // Once the run has ended, the record is asked for again: it has what the stream may have left out.
  const { data, error, retry } = useResource(`run ${id} ${known?.state ?? ''}`, (signal) => fetchRun(id, signal));
  const byKey = new Map((data?.steps ?? []).map((step) => [stepKey(step), step]));
  for (const [key, step] of liveSteps.value.get(id) ?? []) {
    if (byKey.get(key)?.ended_ms == null) byKey.set(key, step);
  }
  const steps = [...byKey.values()].sort((a, b) => a.started_ms - b.started_ms);
  const run = known ?? data?.run;
  if (error !== undefined && steps.length === 0) {
    return <Failure error={error} title="The steps did not come" onRetry={retry} />;
  }
  if (run === undefined) return <SkeletonLines lines={6} label="Loading the steps" />;
  const end = run.ended_ms ?? Math.max(nowMs.value, run.started_ms + 1);
  return (
    <div class="steps" data-part="steps" data-run-state={run.state}>
      <p class="steps-title small soft" role="status">
        Run {run.id}: {run.state}
        {run.state === 'running' ? '' : ` after ${duration(end - run.started_ms)}`}, {plural(steps.length, 'step')}
      </p>
      {run.error === null ? null : <p class="steps-error small">{run.error}</p>}
      <div class="table-frame">
        <table class="data" aria-label="Steps of the run">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">State</th>
              <th scope="col" class="end">
                Rows
              </th>
              <th scope="col" class="end">
                Time
              </th>
              <th scope="col" class="wide-only">
                When
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
        {step.attempt > 1 ? <span class="soft"> · try {step.attempt}</span> : null}
        {step.detail === null ? null : <span class="step-detail">{step.detail}</span>}
        {step.error === null ? null : <span class="step-detail bad">{step.error}</span>}
      </th>
      <td>
        <StateBadge state={step.state} />
      </td>
      <td class="end">{whole(step.rows)}</td>
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
