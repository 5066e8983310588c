import { readFileSync } from 'node:fs';

/** Version from package.json, which is two folders up in a checkout and three in the package. */
export const VERSION: string = readVersion();

function readVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const text: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof text === 'object' && text !== null && 'version' in text) return String(text.version);
    } catch {
      // The compiled program is one folder deeper.
    }
  }
  return 'unknown';
}
