import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { accessKey, isKeyRequired, saveKey } from './state/access-key.ts';
import { reconnect } from './state/live.ts';
import { dataVersion, refreshStatus } from './state/status.ts';

/** Prompts for an access key when the server requires one. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useSignal('');
  const isRequired = isKeyRequired.value;
  useEffect(() => {
    if (isRequired && dialog.current?.open === false) dialog.current.showModal();
    if (!isRequired) dialog.current?.close();
  }, [isRequired]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="key-title"
      onClose={() => {
        isKeyRequired.value = false;
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.value.trim() === '') return;
          saveKey(text.value);
          text.value = '';
          dataVersion.value += 1;
          refreshStatus();
          reconnect();
        }}
      >
        <h2 id="key-title">API key required</h2>
        <p class="muted small">
          {accessKey.value === ''
            ? "Ask the server's operator for a key, or create one with ./condvest keys create."
            : 'The key you entered is not valid, or it has been revoked. Enter another one.'}{' '}
          A key that you enter stays in this tab until you close it, and is sent only to this server.
        </p>
        <label>
          <span class="small">API key</span>
          <input
            class="field"
            type="password"
            autocomplete="off"
            required
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        </label>
        <div class="dialog-end">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button is-primary">
            Continue
          </button>
        </div>
      </form>
    </dialog>
  );
}
