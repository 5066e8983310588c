/** The program's source of time. Real in `adapters/system`, virtual in simulations. */
export interface Clock {
  /**
   * The current instant in whole UTC milliseconds. May stand still or go backwards; callers that need order must ensure
   * it.
   */
  nowMs(): number;
  /** Resolves after at least `ms` milliseconds of this clock, or rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
