import type { Invalid } from './setting-values.ts';

/** Definition of one setting. The reference page is generated from these. */
export interface SettingDefinition<K extends string, V> {
  readonly key: K;
  readonly variable: string;
  /** Fallback variable, used if the first is not set. */
  readonly alias?: string;
  /** Whether the setting may be left out, without a default. */
  readonly optional?: boolean;
  /** Whether its value is never shown. */
  readonly secret?: boolean;
  readonly doc: string;
  readonly allowed: string;
  /** Default as text, for the reference. */
  readonly defaultText: string;
  /** Parses the text of an environment variable, or a value from the configuration file. */
  readonly read: (value: unknown) => V | Invalid;
}

/** Definitions of one group of settings. `definer` has checked that each has the type of its key. */
export type SettingsTable<S> = readonly SettingOf<S>[];
type SettingOf<S> = SettingDefinition<keyof S & string, S[keyof S & string]>;

/** Returns a function that types one definition: its parser must return the type of its key. */
export function definer<S>(): <K extends keyof S & string>(definition: SettingDefinition<K, S[K]>) => SettingOf<S> {
  return (definition) => definition;
}
