import { enableCompileCache } from 'node:module';

// Speeds up start-up: Node caches the stripped and compiled modules of the last run.
enableCompileCache();
const { main } = await import('#cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
