/**
 * Timers that bound work on this machine: how long a statement may run, when a silent connection gets a heartbeat. They
 * run on the machine's own time even if the program's clock is virtual, because the work they bound does.
 */
export interface Timers {
  /**
   * Calls once after this many milliseconds, unless the returned function is called first. Does not keep the process
   * alive.
   */
  after(ms: number, call: () => void): () => void;
}
