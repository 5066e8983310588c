/** Preferences in the browser's local storage. The page works without it too. */

export function readLocal(name: string): string | undefined {
  try {
    return localStorage.getItem(`condvest-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function writeLocal(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`condvest-${name}`);
    else localStorage.setItem(`condvest-${name}`, value);
  } catch {
    // Private browsing and full disks reject writes: the preference lasts until the page is closed.
  }
}
