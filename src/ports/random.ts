/** The program's source of randomness. The system's in production, seeded in simulations. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID, lower case. */
  uuid(): string;
}
