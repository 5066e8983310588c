import type { Invalid } from './setting-values.ts';

/** Definition of one setting. The reference page is generated from these. */
export interface SettingDefinition {
  readonly variable: string;
  /** Fallback variable, used if the first is not set. */
  readonly alias?: string;
  /** Whether the setting may be left out. Without a default text its default is none. */
  readonly optional?: true;
  /** Whether its value is never shown. */
  readonly secret?: true;
  readonly doc: string;
  readonly allowed: string;
  /** Default as text, for the reference. */
  readonly defaultText?: string;
  /** Parses the text of an environment variable, or a value from the configuration file; `Invalid` if it is not allowed. */
  readonly read: (value: unknown) => unknown;
}

/** Definitions by the names that the settings have in the configuration file. */
export type SettingDefinitions = Readonly<Record<string, SettingDefinition>>;

/** The values of settings, as their parsers return them. */
export type SettingValues<D extends SettingDefinitions> = {
  readonly [K in keyof D]:
    | Exclude<ReturnType<D[K]['read']>, Invalid>
    | (D[K] extends { optional: true } ? undefined : never);
};
