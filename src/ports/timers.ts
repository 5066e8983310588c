/**
 * Bounds on what the machine does for somebody: how long a statement may run, when a silent connection is told that it lives.
 * Such bounds run on the machine's own time also where the program's clock is a virtual one, since what they bound does.
 */
export interface Timers {
  /** Calls once after so many milliseconds, unless the returned function is called before. Keeps no process alive. */
  after(ms: number, call: () => void): () => void;
}
