import type { Readable, Writable } from 'node:stream';

/** Output of a command: results go to standard output, messages about the work to standard error. */
export interface Terminal {
  /** Whether standard output is a terminal. */
  readonly isOutputTty: boolean;
  readonly isErrorTty: boolean;
  /** Columns of the terminal; 100 if there is none. */
  readonly width: number;
  /** Whether reports are JSON instead of text. */
  readonly json: boolean;
  /**
   * Writes a result and waits for the reader, so that memory stays bounded. Resolves with false once the reader is
   * gone.
   */
  write(chunk: string | Uint8Array): Promise<boolean>;
  /** Writes a line of the result. */
  line(text?: string): Promise<boolean>;
  /** Writes a message line to standard error. */
  note(text: string): void;
  /** Asks a question of a person; true for yes. Undefined if nobody can answer. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Opens a progress bar on standard error; silent unless that is a terminal. */
  progress(label: string): Progress;
}

export interface Progress extends Disposable {
  /** Updates the bar; `total` may grow. */
  update(done: number, total: number, detail?: string): void;
  /** Ends the bar, as disposing does. */
  stop(): void;
}

export interface TerminalOptions {
  readonly output: Writable & { isTTY?: boolean; columns?: number };
  readonly error: Writable & { isTTY?: boolean };
  /** Where answers come from; without it, nobody is asked. */
  readonly input?: Readable & { isTTY?: boolean };
  readonly json: boolean;
}

export function openTerminal(options: TerminalOptions): Terminal {
  const { output, error, json } = options;
  let isClosed = false;
  // A reader that exits early (`condvest bars … | head`) is not a failure.
  output.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE') throw cause;
    isClosed = true;
  });
  const write = (chunk: string | Uint8Array): Promise<boolean> => {
    if (isClosed) return Promise.resolve(false);
    return new Promise((resolve) => output.write(chunk, () => resolve(!isClosed)));
  };
  return {
    isOutputTty: output.isTTY === true,
    isErrorTty: error.isTTY === true,
    width: output.columns ?? 100,
    json,
    write,
    line: (text = '') => write(`${text}\n`),
    note: (text) => void error.write(`${text}\n`),
    ...(options.input?.isTTY === true && error.isTTY === true ? { confirm: asker(options.input, error) } : {}),
    progress: (label) => openProgress(label, error),
  };
}

function asker(input: Readable, output: Writable): (question: string) => Promise<boolean> {
  return async (question) => {
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input, output });
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  };
}

function openProgress(label: string, error: TerminalOptions['error']): Progress {
  if (error.isTTY !== true)
    return { update: () => undefined, stop: () => undefined, [Symbol.dispose]: () => undefined };
  let bar: { update(value: number, payload: object): void; setTotal(total: number): void; stop(): void } | undefined;
  let isStopped = false;
  let latest: [number, number, string] | undefined;
  const draw = (): void => {
    if (bar === undefined || latest === undefined || isStopped) return;
    bar.setTotal(Math.max(1, latest[1]));
    bar.update(latest[0], { detail: latest[2] });
  };
  // Loaded in parallel with the work, since most runs never need it.
  void import('cli-progress').then(({ default: { SingleBar } }) => {
    if (isStopped) return;
    const format = `${label.padEnd(12)} {bar} {percentage}% {detail}`;
    const single = new SingleBar({
      format,
      stream: error as NodeJS.WritableStream,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 28,
      barCompleteChar: '█',
      barIncompleteChar: '░',
    });
    single.start(1, 0, { detail: '' });
    bar = single;
    draw();
  });
  const stop = (): void => {
    isStopped = true;
    bar?.stop();
  };
  return {
    stop,
    [Symbol.dispose]: stop,
    update: (done, total, detail = '') => {
      latest = [done, total, detail];
      draw();
    },
  };
}
