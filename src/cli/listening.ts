import type { Invocation } from './command.ts';
import { textOption, wholeOption } from './options.ts';

const PORT_MAX = 65_535;

export interface ListeningOptions {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

export function listeningOptions(invocation: Invocation): ListeningOptions {
  return { host: textOption(invocation, 'host'), port: wholeOption(invocation, 'port', 0, PORT_MAX) };
}

/** Resolves when the command is stopped. */
export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
