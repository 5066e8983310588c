import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { accessKey, isKeyWanted, takeKey } from './state/access-key.ts';
import { openNow } from './state/live.ts';
import { askNow, dataVersion } from './state/status.ts';

/** Asks for a key where the server wants one. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useSignal('');
  const isWanted = isKeyWanted.value;
  useEffect(() => {
    if (isWanted && dialog.current?.open === false) dialog.current.showModal();
    if (!isWanted) dialog.current?.close();
  }, [isWanted]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="key-title"
      onClose={() => {
        isKeyWanted.value = false;
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.value.trim() === '') return;
          takeKey(text.value);
          text.value = '';
          dataVersion.value += 1;
          askNow();
          openNow();
        }}
      >
        <h2 id="key-title">This server wants a key</h2>
        <p class="soft small">
          {accessKey.value === ''
            ? 'Whoever runs it makes one with ./condvest keys create.'
            : 'The key you gave is not one it knows, or it was revoked.'}{' '}
          It is kept until you close this tab, and sent to this server only.
        </p>
        <label>
          <span class="small">Key</span>
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
            Not now
          </button>
          <button type="submit" class="button is-main">
            Use the key
          </button>
        </div>
      </form>
    </dialog>
  );
}
