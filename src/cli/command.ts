import type { Config } from '#runtime/config/config.ts';

import type { Terminal } from './terminal.ts';

/** What every command says of itself: the help, the parser and the reference page are made from it. */
export interface CommandDefinition {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What it does, in full sentences. */
  readonly description: string;
  readonly operands: readonly OperandDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly { readonly line: string; readonly doc: string }[];
  /** Loads the code of the command only when it is called, so that `--help` is quick. */
  readonly load: () => Promise<{ readonly run: CommandRun }>;
}

export interface OperandDefinition {
  readonly name: string;
  readonly doc: string;
  readonly required: boolean;
  readonly variadic?: boolean;
}

export interface OptionDefinition {
  /** As commander reads it: `--retention-days <days>`. */
  readonly flags: string;
  readonly doc: string;
  /** Shown in help and reference; the command itself applies it. */
  readonly defaultText?: string;
}

export interface Invocation {
  readonly config: Config;
  readonly operands: readonly string[];
  /** By camel-case name of the long flag; true for flags without a value. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C: stop at the next sound point. */
  readonly signal: AbortSignal;
}

export type CommandRun = (invocation: Invocation) => Promise<ExitCode>;

/** 0 done · 1 failed · 2 wrong use or configuration · 3 done, but the data is incomplete. 130: stopped by Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;
