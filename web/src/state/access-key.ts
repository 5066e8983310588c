import { signal } from '@preact/signals';

/** The key of a server that wants one. Kept until the tab is closed, and sent nowhere but to the page's own server. */

const NAME = 'condvest-key';

export const accessKey = signal(readKey());
/** The server has refused us: a person is asked for a key. */
export const isKeyWanted = signal(false);

export function takeKey(key: string): void {
  accessKey.value = key.trim();
  isKeyWanted.value = false;
  try {
    sessionStorage.setItem(NAME, accessKey.value);
  } catch {
    // Storage is off: the key lasts until the page is loaded again.
  }
}

function readKey(): string {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}
