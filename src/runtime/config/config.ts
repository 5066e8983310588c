import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compare } from '#base/compare.ts';

import { UsageError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import { nearestName } from './near-miss.ts';
import type { SettingDefinition } from './setting-definition.ts';
import { Invalid } from './setting-values.ts';
import { SETTINGS, type Settings } from './settings.ts';

/** Configuration, read once and frozen. */
export type Config = Settings;

/** Inputs of the configuration: the environment of the process and its working folder. */
export interface ConfigSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
}

/** Prefixes of variables that are for the tests, not settings. */
const FOREIGN_PREFIXES = ['CONDVEST_TEST_', 'CONDVEST_CI_'];
const CONFIG_VARIABLE = 'CONDVEST_CONFIG';
const CONFIG_FILE = 'condvest.json';

/**
 * Reads the configuration: environment variables (`CONDVEST_*`) override the configuration file (`condvest.json` in the
 * home folder, or the file named by `CONDVEST_CONFIG`), which overrides the defaults. All errors are reported at once
 * as one `config-invalid`.
 */
export function readConfig(sources: ConfigSources): Config {
  const errors: string[] = [];
  const { environment, workingFolder } = sources;
  const settings: [string, SettingDefinition][] = Object.entries(SETTINGS);
  const variables = settings.map(([, { variable }]) => variable);
  for (const name of Object.keys(environment).toSorted(compare)) {
    if (!name.startsWith('CONDVEST_') || name === CONFIG_VARIABLE || variables.includes(name)) continue;
    if (FOREIGN_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    errors.push(`${name} is not a setting${suggestion(name, [...variables, CONFIG_VARIABLE])}`);
  }
  const home = resolve(workingFolder, environment.CONDVEST_HOME ?? '.condvest');
  const file = readConfigFile(environment[CONFIG_VARIABLE], workingFolder, home, errors);
  for (const key of Object.keys(file.values)) {
    if (Object.hasOwn(SETTINGS, key)) continue;
    errors.push(`"${key}" in ${file.path} is not a setting${suggestion(key, Object.keys(SETTINGS))}`);
  }
  const values: Record<string, unknown> = {};
  for (const [key, { variable, alias, optional, allowed, defaultText, read }] of settings) {
    const fromEnvironment = environment[variable] ?? (alias === undefined ? undefined : environment[alias]);
    const fromFile = file.values[key];
    if (fromEnvironment === undefined && fromFile === undefined && optional === true) continue;
    const value = read(fromEnvironment ?? fromFile ?? defaultText);
    if (value instanceof Invalid) {
      const name = fromEnvironment !== undefined ? variable : `"${key}" in ${file.path}`;
      errors.push(`${name} is ${JSON.stringify(value.found)}; allowed: ${allowed}`);
    }
    values[key] = value;
  }
  checkTogether(values, errors);
  if (errors.length > 0) {
    throw new UsageError({
      code: 'config-invalid',
      message: errors.length === 1 ? 'The configuration has an error' : `The configuration has ${errors.length} errors`,
      found: errors.join('; '),
      action: 'Settings are documented in docs/reference/configuration.md',
    });
  }
  const absent = Object.fromEntries(Object.keys(SETTINGS).map((key) => [key, undefined]));
  const config = { ...absent, ...values, home: resolve(workingFolder, String(values.home)) };
  return Object.freeze(config as unknown as Settings);
}

/** Checks settings that depend on each other. */
function checkTogether(values: Readonly<Record<string, unknown>>, errors: string[]): void {
  if (values.source === 'massive' && values.massiveApiKey === undefined)
    errors.push('CONDVEST_SOURCE is massive, but MASSIVE_API_KEY is not set');
  if (values.source === 'flat-files' && values.flatFiles === undefined)
    errors.push('CONDVEST_SOURCE is flat-files, but CONDVEST_FLAT_FILES is not set');
  const isSimulated = values.source === 'simulated' || (values.source === 'auto' && values.massiveApiKey === undefined);
  if (Array.isArray(values.scenario) && values.scenario.length > 0 && !isSimulated)
    errors.push('CONDVEST_SCENARIO applies only to the simulated market, but another source is selected');
  if (values.webhookUrl !== undefined && values.webhookSecret === undefined)
    errors.push('CONDVEST_WEBHOOK_URL is set, but CONDVEST_WEBHOOK_SECRET is not');
  const isMailing = values.smtpUrl !== undefined;
  const hasAddresses = values.emailFrom !== undefined && Array.isArray(values.emailTo) && values.emailTo.length > 0;
  if (isMailing && !hasAddresses)
    errors.push('CONDVEST_SMTP_URL is set, but CONDVEST_EMAIL_FROM or CONDVEST_EMAIL_TO is not');
}

function readConfigFile(
  named: string | undefined,
  workingFolder: string,
  home: string,
  errors: string[],
): { path: string; values: Readonly<Record<string, unknown>> } {
  const path = named === undefined ? join(home, CONFIG_FILE) : resolve(workingFolder, named);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    if (named !== undefined || (code !== 'ENOENT' && code !== 'ENOTDIR'))
      errors.push(`${path} cannot be read (${code})`);
    return { path, values: {} };
  }
  try {
    const values: unknown = JSON.parse(text);
    if (isRecord(values)) return { path, values };
    errors.push(`${path} is not a JSON object`);
  } catch (cause) {
    errors.push(`${path} is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  return { path, values: {} };
}

function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
