import { readFileSync } from 'node:fs';

/** The version of the package, as its package.json has it; the file lies two or three folders up, built or not. */
export const VERSION: string = readVersion();

function readVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const text: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (typeof text === 'object' && text !== null && 'version' in text) return String(text.version);
    } catch {
      // Not in this folder: the compiled program lies one deeper.
    }
  }
  return 'unknown';
}
