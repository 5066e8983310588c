import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { href, navigate } from '../address.ts';
import type { ApiError } from '../api/client.ts';
import { startRun } from '../api/fetchers.ts';
import type { Status } from '../api/wire.ts';
import { day, instant } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { errorHint, sentence } from '../parts/messages.tsx';
import { asApiError } from '../state/resource.ts';
import { status } from '../state/status.ts';

/** Button that starts a run after a confirmation, or a note on why this server can't start one. */
export function StartRun({ isRunning }: { readonly isRunning: boolean }) {
  const stage = useSignal<'idle' | 'confirming' | 'sending'>('idle');
  const error = useSignal<ApiError | undefined>(undefined);
  const button = useRef<HTMLButtonElement>(null);
  const current = status.value;
  const blocked = blockedReason(current?.can_start_runs, isRunning);

  const cancel = (): void => {
    stage.value = 'idle';
    // The button is rendered again by the next frame.
    requestAnimationFrame(() => button.current?.focus());
  };
  const send = async (): Promise<void> => {
    stage.value = 'sending';
    error.value = undefined;
    try {
      const { id } = await startRun();
      navigate(href('pipeline', { run: id }));
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
            class="button is-primary"
            disabled={blocked !== undefined}
            aria-describedby="run-start-note"
            onClick={() => {
              error.value = undefined;
              stage.value = 'confirming';
            }}
          >
            <Icon name="play" /> Start run
          </button>
          <p id="run-start-note" class="muted small">
            {blocked ?? nextRunNote(current?.next_run)}
          </p>
        </>
      ) : (
        <fieldset
          class="run-confirm"
          onKeyDown={(event) => {
            if (event.key === 'Escape') cancel();
          }}
        >
          <legend>Fetch missing data now and rebuild the affected bars?</legend>
          <button
            type="button"
            class="button is-primary"
            disabled={stage.value === 'sending'}
            ref={(element) => element?.focus()}
            onClick={() => void send()}
          >
            {stage.value === 'sending' ? 'Starting…' : 'Start'}
          </button>
          <button type="button" class="button" onClick={cancel}>
            Cancel
          </button>
        </fieldset>
      )}
      {error.value === undefined ? null : (
        <p class="run-error small" role="alert">
          {sentence(error.value.message)} {errorHint(error.value)}
        </p>
      )}
    </div>
  );
}

function blockedReason(canStart: boolean | undefined, isRunning: boolean): string | undefined {
  if (canStart === undefined) return 'Waiting for the server status.';
  if (!canStart)
    return 'This server is read-only. Start runs where the pipeline runs, with npm start or ./condvest pipeline run.';
  if (isRunning) return 'A run is in progress. You can start another one when it has finished.';
  return undefined;
}

function nextRunNote(next: Status['next_run'] | undefined): string {
  if (next === null || next === undefined) return 'No run is scheduled on this server.';
  return `Next run: ${instant(next.at_ms)}, ${reasonNote(next.reason, day(next.session))}.`;
}

function reasonNote(reason: string, session: string): string {
  if (reason === 'after-close') return `after the close on ${session}`;
  return reason === 'settling' ? `when ${session} settles` : `${reason}, ${session}`;
}
