import { Command, CommanderError } from 'commander';
import { CondvestError, UsageError } from '#base/errors.ts';
import { nearestName } from '#runtime/config/near-miss.ts';

import type { CommandDefinition, ExitCode } from './command.ts';
import { COMMANDS } from './commands.ts';
import { errorReport } from './error-report.ts';
import { openTerminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** Runs a command line. Resolves with the exit code; rejects on a bug. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = 0;
  const program = new Command('condvest')
    .description('A market-data lakehouse: daily bars in an open Delta Lake, and N-session bars with fixed boundaries.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showSuggestionAfterError(true)
    // So that `restore --version 41` is the command's own option.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      `\nExamples of each command: condvest help import\nSettings: CONDVEST_* variables, docs/reference/configuration.md`,
    );
  for (const definition of COMMANDS) {
    program.addCommand(
      commandOf(definition, async (operands, options) => {
        exitCode = await runCommand(definition, operands, options);
      }),
    );
  }
  if (argv.length === 0) {
    program.outputHelp();
    return 2;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.exitCode === 0) return 0;
    process.stderr.write(`condvest: ${usageMessage(cause, argv)}\n`);
    return 2;
  }
  return exitCode;
}

function commandOf(
  definition: CommandDefinition,
  run: (operands: string[], options: Record<string, string | boolean | undefined>) => Promise<void>,
): Command {
  const command = new Command(definition.name)
    .summary(definition.summary)
    .description(definition.description)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .helpOption('-h, --help', 'print help');
  for (const { name, doc, required, variadic = false } of definition.operands ?? []) {
    const inner = variadic ? `${name}...` : name;
    command.argument(required ? `<${inner}>` : `[${inner}]`, doc);
  }
  for (const { flags, doc, defaultText } of definition.options ?? []) {
    command.option(flags, defaultText === undefined ? doc : `${doc} (default: ${defaultText})`);
  }
  command.option('--json', 'report as JSON on standard output');
  const examples = definition.examples.map(({ line, doc }) => `  $ ${line}\n      ${doc}`).join('\n');
  command.addHelpText('after', `\nExamples:\n${examples}`);
  command.action(async () => {
    await run(command.args, command.opts<Record<string, string | boolean | undefined>>());
  });
  return command;
}

async function runCommand(
  definition: CommandDefinition,
  operands: readonly string[],
  options: Record<string, string | boolean | undefined>,
): Promise<ExitCode> {
  const json = options.json === true;
  const terminal = openTerminal({ output: process.stdout, error: process.stderr, input: process.stdin, json });
  const abort = new AbortController();
  const stop = (): void => {
    if (abort.signal.aborted) process.exit(130);
    terminal.note('condvest: stopping at the next safe point (press Ctrl-C again to stop at once)');
    abort.abort(new CondvestError({ code: 'interrupted', kind: 'transient', message: 'Stopped by the user' }));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const { readConfig } = await import('#runtime/config/config.ts');
    const config = readConfig({ environment: process.env, workingFolder: process.cwd() });
    const { run } = await definition.load();
    return await run({ config, operands, options, terminal, signal: abort.signal });
  } catch (cause) {
    if (abort.signal.aborted) return 130;
    if (!(cause instanceof CondvestError)) throw cause;
    if (json) await terminal.line(JSON.stringify({ error: errorReport(cause) }, undefined, 2));
    terminal.note(`condvest: ${cause.message}`);
    return cause instanceof UsageError ? 2 : 1;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function usageMessage(error: CommanderError, argv: readonly string[]): string {
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/\n\(Did you mean/, ' (Did you mean');
  const [name] = argv;
  if (error.code !== 'commander.unknownCommand' || name === undefined) return `${text}. See: condvest help`;
  const nearest = nearestName(
    name,
    COMMANDS.map((command) => command.name),
  );
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  return `unknown command "${name}".${hint} List all commands with: condvest help`;
}
