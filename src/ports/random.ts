/** Randomness as the program may use it. The system's in production, seeded in simulations. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID, lower case. */
  uuid(): string;
}
