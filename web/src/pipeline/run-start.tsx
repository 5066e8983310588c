import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { go, href } from '../address.ts';
import type { ApiError } from '../api/client.ts';
import { startRun } from '../api/fetchers.ts';
import type { Status } from '../api/wire.ts';
import { day, instant } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { adviceFor, sentence } from '../parts/placeholders.tsx';
import { asApiError } from '../state/resource.ts';
import { status } from '../state/status.ts';

/** Starts a run, after asking once; says why where this server cannot. */
export function RunStart({ isRunning }: { readonly isRunning: boolean }) {
  const stage = useSignal<'idle' | 'asking' | 'sending'>('idle');
  const error = useSignal<ApiError | undefined>(undefined);
  const button = useRef<HTMLButtonElement>(null);
  const now = status.value;
  const why = reasonAgainst(now?.can_start_runs, isRunning);

  const cancel = (): void => {
    stage.value = 'idle';
    // The button is there again with the next paint.
    requestAnimationFrame(() => button.current?.focus());
  };
  const send = async (): Promise<void> => {
    stage.value = 'sending';
    error.value = undefined;
    try {
      const { id } = await startRun();
      go(href('pipeline', { run: id }));
    } catch (cause) {
      error.value = asApiError(cause);
    }
    stage.value = 'idle';
  };

  return (
    <div class="run-start">
      {stage.value === 'idle' ? (
        <>
          <button
            ref={button}
            type="button"
            class="button is-main"
            disabled={why !== undefined}
            aria-describedby="run-start-note"
            onClick={() => {
              error.value = undefined;
              stage.value = 'asking';
            }}
          >
            <Icon name="play" /> Start a run
          </button>
          <p id="run-start-note" class="soft small">
            {why ?? nextRunWords(now?.next_run)}
          </p>
        </>
      ) : (
        <fieldset
          class="run-ask"
          onKeyDown={(event) => {
            if (event.key === 'Escape') cancel();
          }}
        >
          <legend>Fetch what is missing now, and rebuild the bars that change?</legend>
          <button
            type="button"
            class="button is-main"
            disabled={stage.value === 'sending'}
            ref={(element) => element?.focus()}
            onClick={() => void send()}
          >
            {stage.value === 'sending' ? 'Starting…' : 'Yes, start'}
          </button>
          <button type="button" class="button" onClick={cancel}>
            Not now
          </button>
        </fieldset>
      )}
      {error.value === undefined ? null : (
        <p class="run-error small" role="alert">
          {sentence(error.value.message)} {adviceFor(error.value)}
        </p>
      )}
    </div>
  );
}

function reasonAgainst(canStart: boolean | undefined, isRunning: boolean): string | undefined {
  if (canStart === undefined) return 'The server has not said yet whether it runs the pipeline.';
  if (!canStart)
    return 'This server only shows the lake. Runs are started where the pipeline lives: npm start, or ./condvest pipeline.';
  if (isRunning) return 'A run is going on; another can start when it is over.';
  return undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  'after-close': 'after the close',
  settling: 'when corrections are over',
};

function nextRunWords(next: Status['next_run'] | undefined): string {
  if (next === null || next === undefined) return 'None is scheduled on this server.';
  return `The next starts by itself on ${instant(next.at_ms)}, ${REASONS[next.reason] ?? next.reason} of ${day(next.session)}.`;
}
