/** Small things the browser keeps for this page. Everything works where it keeps nothing. */

export function readStored(name: string): string | undefined {
  try {
    return localStorage.getItem(`condvest-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function writeStored(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`condvest-${name}`);
    else localStorage.setItem(`condvest-${name}`, value);
  } catch {
    // Private windows and full disks refuse; the choice lasts as long as the page.
  }
}
