import type { Invalid } from './setting-values.ts';

/** One setting: its name, what it may be, and how its text is read. The reference page is made from this table. */
export interface SettingDefinition<K extends string, V> {
  readonly key: K;
  readonly variable: string;
  /** Another name of the variable, which counts where the first is not set. */
  readonly alias?: string;
  /** There is no default: the setting may be left out. */
  readonly optional?: boolean;
  /** Its value is never shown. */
  readonly secret?: boolean;
  readonly doc: string;
  readonly allowed: string;
  /** The default as text, for the reference. */
  readonly defaultText: string;
  /** From the text of an environment variable, or from a value of the configuration file. */
  readonly read: (value: unknown) => V | Invalid;
}

/** The settings of one kind, alike: which value belongs to which key was checked by `definer`. */
export type SettingsTable<S> = readonly SettingOf<S>[];
type SettingOf<S> = SettingDefinition<keyof S & string, S[keyof S & string]>;

/** For the rows of such a table: each must read a value of its own key's type. */
export function definer<S>(): <K extends keyof S & string>(definition: SettingDefinition<K, S[K]>) => SettingOf<S> {
  return (definition) => definition;
}
