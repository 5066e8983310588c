import { enableCompileCache } from 'node:module';

// JavaScript, so that a start whose modules are all cached loads no compiler. The cache holds the stripped and compiled modules of
// the last run.
enableCompileCache();
const { main } = await import('#cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
