import type { Config } from '#runtime/config/config.ts';

import type { Terminal } from './terminal.ts';

/** Definition of a command, from which the parser, the help and the reference page are generated. */
export interface CommandDefinition {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Description in full sentences. */
  readonly description: string;
  readonly operands?: readonly OperandDefinition[];
  readonly options?: readonly OptionDefinition[];
  readonly examples: readonly { readonly line: string; readonly doc: string }[];
  /** Loads the command's code on use, so that `--help` is fast. */
  readonly load: () => Promise<{ readonly run: CommandRun }>;
}

export interface OperandDefinition {
  readonly name: string;
  readonly doc: string;
  readonly required: boolean;
  readonly variadic?: boolean;
}

export interface OptionDefinition {
  /** In commander's notation: `--retention-days <days>`. */
  readonly flags: string;
  readonly doc: string;
  /** Default as shown in the help and the reference. The command itself applies it. */
  readonly defaultText?: string;
}

/** Option of each command that writes to the lake. */
export const CLOCK_OPTION: OptionDefinition = {
  flags: '--clock-is-right',
  doc: 'write although the newest commit of the lake lies in the future, or more than 100 days back',
};

export interface Invocation {
  readonly config: Config;
  readonly operands: readonly string[];
  /** Keyed by the long flag in camel case; true for flags without a value. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C: stop at the next safe point. */
  readonly signal: AbortSignal;
}

export type CommandRun = (invocation: Invocation) => Promise<ExitCode>;

/**
 * 0: success · 1: failure · 2: wrong usage or configuration · 3: success, but the data is incomplete · 130: stopped by
 * Ctrl-C.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130;
