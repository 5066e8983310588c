import type { Writable } from 'node:stream';

/** Where a command writes: results to standard output, everything about the work to standard error. */
export interface Terminal {
  /** True where a person reads standard output. */
  readonly isOutputTty: boolean;
  readonly isErrorTty: boolean;
  /** Columns of the terminal; 100 where there is none. */
  readonly width: number;
  /** Reports as JSON instead of text. */
  readonly json: boolean;
  /** Writes a result and waits for the reader, so that memory stays bounded; resolves false once nobody reads any more. */
  write(chunk: string | Uint8Array): Promise<boolean>;
  /** A line of result. */
  line(text?: string): Promise<boolean>;
  /** A line about the work, on standard error. */
  note(text: string): void;
  /** A bar of progress on standard error; silent where nobody watches. */
  progress(label: string): Progress;
}

export interface Progress {
  /** How far the work is; `total` may grow. */
  update(done: number, total: number, detail?: string): void;
  stop(): void;
}

export interface TerminalOptions {
  readonly output: Writable & { isTTY?: boolean; columns?: number };
  readonly error: Writable & { isTTY?: boolean };
  readonly json: boolean;
}

export function openTerminal(options: TerminalOptions): Terminal {
  const { output, error, json } = options;
  let isClosed = false;
  // A reader that leaves early (`condvest bars … | head`) is no failure.
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
    progress: (label) => openProgress(label, error),
  };
}

function openProgress(label: string, error: TerminalOptions['error']): Progress {
  if (error.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  let bar: { update(value: number, payload: object): void; setTotal(total: number): void; stop(): void } | undefined;
  let isStopped = false;
  let latest: [number, number, string] | undefined;
  const draw = (): void => {
    if (bar === undefined || latest === undefined || isStopped) return;
    bar.setTotal(Math.max(1, latest[1]));
    bar.update(latest[0], { detail: latest[2] });
  };
  // Loaded beside the work: most calls have nobody watching and never need it.
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
  return {
    update: (done, total, detail = '') => {
      latest = [done, total, detail];
      draw();
    },
    stop: () => {
      isStopped = true;
      bar?.stop();
    },
  };
}
