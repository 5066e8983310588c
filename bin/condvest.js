import { enableCompileCache } from 'node:module';

// JavaScript, so that a start whose modules are all cached loads no compiler. The cache holds the stripped and compiled modules of
// the last run.
enableCompileCache();
const [{ main }, { bugReport }] = await Promise.all([import('#cli/main.ts'), import('#cli/bug-report.ts')]);

/** Node would print the causes of an error with whatever they quote. */
function exitWithReport(error) {
  process.stderr.write(`${bugReport(error)}\n`);
  process.exit(1);
}

process.on('uncaughtException', exitWithReport);
process.exitCode = await main(process.argv.slice(2)).catch(exitWithReport);
