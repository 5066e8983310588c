import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { condvest, temporaryFolder } from './command-line.ts';

const VENDOR_KEY = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF';
const OUR_KEY = 'cvk_0123456789ab_secretsecretsecret';
const ERROR = `new Error('outer', { cause: new TypeError('inner \\u001b[31m', { cause: new Error('from https://x.test/?apiKey=${VENDOR_KEY} with ${OUR_KEY}') }) })`;

/** Bugs, planted in modules that Node loads before the command line. */
const BUGS: readonly (readonly [string, string])[] = [
  ['that rejects the command', `Object.defineProperty(process.stdout, 'isTTY', { get() { throw ${ERROR}; } });`],
  ['in a callback', `setTimeout(() => { throw ${ERROR}; }, 1);`],
  ['in a promise that nobody awaits', `setTimeout(() => Promise.reject(${ERROR}), 1);`],
];

describe('the command line reports a bug', () => {
  for (const [where, plant] of BUGS) {
    test(`${where}, with its causes and without keys`, async () => {
      await using folder = await temporaryFolder();
      const file = join(folder.path, 'plant.mjs');
      await writeFile(file, plant);
      const { code, err } = await condvest(['tables'], {
        home: join(folder.path, 'home'),
        env: { NODE_OPTIONS: `--import ${pathToFileURL(file)}` },
      });
      assert.equal(code, 1);
      assert.match(err, /^condvest: this is a bug in Condvest\. .*\n.*Error: outer\n\s+at /);
      assert.match(err, /TypeError: inner \\u\{1b\}\[31m/);
      assert.match(err, /Error: from https:\/\/x\.test\/\?apiKey=hidden with cvk_0123456789ab_hidden/);
      assert.ok(!err.includes(VENDOR_KEY) && !err.includes(OUR_KEY), err);
    });
  }
});
