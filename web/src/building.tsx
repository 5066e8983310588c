import { useEffect } from 'preact/hooks';
import type { Building } from './api/wire.ts';
import { capital, duration } from './format.ts';
import { NoticeBox, sentence } from './parts/placeholders.tsx';
import { followLive } from './state/live.ts';
import { nowMs, useTicking } from './state/ticking.ts';

/** The lake is being filled for the first time: what is done, what goes on, what is to come. */
export function BuildingPanel({ building }: { readonly building: Building }) {
  useEffect(followLive, []);
  const hasFailed = building.error !== null;
  useTicking(!hasFailed);
  const done = building.steps.filter((step) => step.state === 'done').length;
  return (
    <section class="card building" aria-labelledby="building-title" data-part="building">
      <header>
        <h1 id="building-title">{hasFailed ? 'The lake could not be built' : 'Building your lake'}</h1>
        <span class="soft small number" aria-hidden="true">
          {duration(Math.max(0, nowMs.value - building.started_ms))}
        </span>
      </header>
      <div class="body">
        {building.error === null ? (
          <p class="soft" role="status">
            {done} of {building.steps.length} steps are done. The chart opens by itself when there are bars.
          </p>
        ) : (
          <p role="alert">
            {sentence(building.error)} The terminal that runs the server says more. It is tried again by itself.
          </p>
        )}
        {building.steps.map((step) => (
          <div key={step.name} class={`build-step is-${step.state}`}>
            <p>
              <b>
                <span aria-hidden="true">{SIGNS[step.state]}</span> {capital(step.name)}
              </b>
              <span class="soft">{step.detail === '' ? WORDS[step.state] : step.detail}</span>
            </p>
            <progress
              aria-label={step.name}
              max={Math.max(1, step.total)}
              value={
                step.state === 'running' && step.total === 0
                  ? undefined
                  : step.state === 'done'
                    ? Math.max(1, step.total)
                    : step.done
              }
            />
          </div>
        ))}
      </div>
    </section>
  );
}

const WORDS = { waiting: 'waiting', running: 'at work', done: 'done', failed: 'failed' } as const;
const SIGNS = { waiting: '○', running: '◐', done: '●', failed: '✕' } as const;

/** A lake without a single bar, and nobody filling it. */
export function EmptyLake() {
  return (
    <div class="card">
      <NoticeBox icon="chart" title="This lake is empty" isPage>
        <p>
          <code>npm start</code> fills it with a simulated market, or with real days once <code>MASSIVE_API_KEY</code>{' '}
          is set. <code>./condvest import</code> takes your own files. This page shows the bars as soon as they are
          there.
        </p>
      </NoticeBox>
    </div>
  );
}
