import { useSignal } from '@preact/signals';
import { href, navigate } from '../address.ts';
import type { ApiError } from '../api/client.ts';
import { startRun } from '../api/fetchers.ts';
import { Icon } from '../parts/icon.tsx';
import { errorHint, sentence } from '../parts/messages.tsx';
import { liveRuns } from '../state/live.ts';
import { asApiError } from '../state/resource.ts';
import { status } from '../state/status.ts';

/** Button that starts a run for what is missing, or the command to run where this server starts none. */
export function FetchButton({
  label,
  session,
  command,
}: {
  readonly label: string;
  /** The only session to fetch; undefined for everything due. */
  readonly session?: string;
  /** Does the same on the machine of the lake. */
  readonly command: string;
}) {
  const isSending = useSignal(false);
  const error = useSignal<ApiError | undefined>(undefined);
  if (status.value?.source === null) {
    return (
      <p class="small muted fetch-note">
        This lake has no source to fetch from. Load files with these sessions with <code>./condvest import</code>.
      </p>
    );
  }
  if (status.value?.can_start_runs !== true) {
    return (
      <p class="small muted fetch-note">
        This server is read-only. To fetch, run <code>{command}</code> where the pipeline runs.
      </p>
    );
  }
  const isRunning = [...liveRuns.value.values()].some((run) => run.state === 'running');
  const send = async (): Promise<void> => {
    isSending.value = true;
    error.value = undefined;
    try {
      const { id } = await startRun(session);
      navigate(href('pipeline', { run: id }));
    } catch (cause) {
      error.value = asApiError(cause);
    }
    isSending.value = false;
  };
  return (
    <div class="fetch">
      <button type="button" class="button" disabled={isSending.value || isRunning} onClick={() => void send()}>
        <Icon name="download" /> {label}
      </button>
      {isRunning ? <span class="small muted">A run is in progress.</span> : null}
      {error.value === undefined ? null : (
        <p class="run-error small" role="alert">
          {sentence(error.value.message)} {errorHint(error.value)}
        </p>
      )}
    </div>
  );
}
