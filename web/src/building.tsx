import { useEffect } from 'preact/hooks';
import type { Building } from './api/wire.ts';
import { capitalize, duration } from './format.ts';
import { MessageBox, sentence } from './parts/messages.tsx';
import { nowMs, useClock } from './state/clock.ts';
import { subscribeLive } from './state/live.ts';

/** Progress of the first build of the lake, step by step. */
export function BuildingPanel({ building }: { readonly building: Building }) {
  useEffect(subscribeLive, []);
  const hasFailed = building.error !== null;
  useClock(!hasFailed);
  const done = building.steps.filter((step) => step.state === 'done').length;
  return (
    <section class="card building" aria-labelledby="building-title" data-part="building">
      <header>
        <h1 id="building-title">{hasFailed ? "Couldn't build the lake" : 'Building your lake'}</h1>
        <span class="muted small number" aria-hidden="true">
          {duration(Math.max(0, nowMs.value - building.started_ms))}
        </span>
      </header>
      <div class="body">
        {building.error === null ? (
          <p class="muted" role="status">
            {done} of {building.steps.length} steps complete. The chart opens as soon as there are bars to show.
          </p>
        ) : (
          <p role="alert">
            {sentence(capitalize(building.error))} See the server's terminal for details. The build is retried
            automatically.
          </p>
        )}
        {building.steps.map((step) => (
          <div key={step.name} class={`build-step is-${step.state}`}>
            <p>
              <b>
                <span aria-hidden="true">{STATE_ICONS[step.state]}</span> {capitalize(step.name)}
              </b>
              <span class="muted">{step.detail === '' ? STATE_LABELS[step.state] : step.detail}</span>
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

const STATE_LABELS = { waiting: 'Waiting', running: 'Running', done: 'Done', failed: 'Failed' } as const;
const STATE_ICONS = { waiting: '○', running: '◐', done: '●', failed: '✕' } as const;

/** Shown in place of a view's content for a lake without bars that is not being built: how to fill it. */
export function EmptyLake({ isPage = false }: { readonly isPage?: boolean }) {
  return (
    <section class="card" aria-label="Empty lake" data-part="empty-lake">
      <MessageBox icon="chart" title="This lake is empty" isPage={isPage}>
        <p>
          There are no sessions and no bars yet, so there is nothing to show or to check. Fill it in one of these ways:
        </p>
        <dl class="ways">
          <div>
            <dt>A simulated market, without an account</dt>
            <dd>
              <code>npm start</code>
            </dd>
          </div>
          <div>
            <dt>Real market data, with a key of Massive (Polygon.io)</dt>
            <dd>
              <code>MASSIVE_API_KEY=… npm start</code>
            </dd>
          </div>
          <div>
            <dt>Your own files</dt>
            <dd>
              <code>./condvest import prices.csv</code>
            </dd>
          </div>
        </dl>
        <p class="small">Bars appear here as soon as they are available.</p>
      </MessageBox>
    </section>
  );
}
