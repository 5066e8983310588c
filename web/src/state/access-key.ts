import { signal } from '@preact/signals';

/** Access key for servers that require one. Kept for the tab's lifetime and sent only to the page's own server. */

const NAME = 'condvest-key';

export const accessKey = signal(readKey());
/** True after the server rejected a request as unauthenticated: the key dialog is open. */
export const isKeyRequired = signal(false);

export function saveKey(key: string): void {
  accessKey.value = key.trim();
  isKeyRequired.value = false;
  try {
    sessionStorage.setItem(NAME, accessKey.value);
  } catch {
    // Storage is disabled: the key lasts until the page is reloaded.
  }
}

function readKey(): string {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}
