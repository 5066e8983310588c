import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from './config.ts';

const workingFolder = mkdtempSync(join(tmpdir(), 'condvest-config-'));
after(() => rmSync(workingFolder, { recursive: true }));

test('everything has a default, and the configuration is frozen', () => {
  const config = readConfig({ environment: {}, workingFolder });
  assert.deepEqual(config.intervals, [3, 5, 8, 13, 21, 34]);
  assert.equal(config.home, join(workingFolder, '.condvest'));
  assert.equal(config.quarantineBound, 0.01);
  assert.ok(Object.isFrozen(config));
});

test('variables are read, sorted and freed of repetition', () => {
  const environment = {
    CONDVEST_INTERVALS: '21, 3,3',
    CONDVEST_MEMORY_LIMIT: '2GB',
    CONDVEST_CLOSURES: '2027-06-10=Mourning',
  };
  const config = readConfig({ environment, workingFolder });
  assert.deepEqual(config.intervals, [3, 21]);
  assert.equal(config.memoryLimitBytes, 2e9);
  assert.deepEqual(config.closures, [{ date: '2027-06-10', name: 'Mourning' }]);
});

test('all errors are reported at once, with the allowed values', () => {
  const environment = { CONDVEST_INTERVALS: '0', CONDVEST_QUARANTINE_BOUND: '2', CONDVEST_RETENTION_DAY: '30' };
  assert.throws(() => readConfig({ environment, workingFolder }), {
    code: 'config-invalid',
    message:
      /3 errors: CONDVEST_RETENTION_DAY is not a setting; did you mean CONDVEST_RETENTION_DAYS\?.*CONDVEST_INTERVALS is "0"; allowed: whole numbers from 2 to 252.*CONDVEST_QUARANTINE_BOUND is "2"/,
  });
});

test('variables that speak to the tests are no settings', () => {
  assert.doesNotThrow(() => readConfig({ environment: { CONDVEST_TEST_PYTHON: 'python3' }, workingFolder }));
});

test('a file gives settings, and a variable overrules it', () => {
  const path = join(workingFolder, 'settings.json');
  writeFileSync(
    path,
    JSON.stringify({ intervals: [5], partialShare: 0.5, closures: [{ date: '2027-06-10', name: 'x' }] }),
  );
  const config = readConfig({ environment: { CONDVEST_CONFIG: path, CONDVEST_PARTIAL_SHARE: '0.8' }, workingFolder });
  assert.deepEqual(config.intervals, [5]);
  assert.equal(config.partialShare, 0.8);
  assert.equal(config.closures.length, 1);
});

test('a key that is no setting, a file that is no JSON, and a file that is not there are errors', () => {
  const wrongKey = join(workingFolder, 'key.json');
  writeFileSync(wrongKey, '{"interval": [5]}');
  assert.throws(
    () => readConfig({ environment: { CONDVEST_CONFIG: wrongKey }, workingFolder }),
    /"interval".*did you mean intervals\?/,
  );
  const broken = join(workingFolder, 'broken.json');
  writeFileSync(broken, '{');
  assert.throws(() => readConfig({ environment: { CONDVEST_CONFIG: broken }, workingFolder }), /is not JSON/);
  assert.throws(
    () => readConfig({ environment: { CONDVEST_CONFIG: 'nowhere.json' }, workingFolder }),
    /cannot be read \(ENOENT\)/,
  );
});

test('a password that is not written as an address has it is refused at once, and not shown', () => {
  const mail = { CONDVEST_EMAIL_FROM: 'a@example.com', CONDVEST_EMAIL_TO: 'b@example.com' };
  for (const [name, url] of [
    ['CONDVEST_SMTP_URL', 'smtp://me:50%off@mail.example.com'],
    ['DATABASE_URL', 'postgres://me:50%off@db.example.com/condvest'],
  ] as const) {
    assert.throws(
      () => readConfig({ environment: { ...mail, [name]: url }, workingFolder }),
      ({ message }: Error) => message.includes(name) && message.includes('%25') && !message.includes('50%off'),
    );
    const encoded = url.replace('%', '%25');
    assert.doesNotThrow(() => readConfig({ environment: { ...mail, [name]: encoded }, workingFolder }));
  }
});

const wrong: readonly [string, string][] = [
  ['CONDVEST_MEMORY_LIMIT', '100MB'],
  ['CONDVEST_MEMORY_LIMIT', 'much'],
  ['CONDVEST_THREADS', '0'],
  ['CONDVEST_CLOSURES', '2027-02-30'],
  ['CONDVEST_SOURCE_RANKS', 'massive'],
  ['CONDVEST_RETENTION_DAYS', '401'],
  ['CONDVEST_HOME', ' '],
];
for (const [variable, value] of wrong) {
  test(`${variable} cannot be "${value}"`, () => {
    assert.throws(() => readConfig({ environment: { [variable]: value }, workingFolder }), { code: 'config-invalid' });
  });
}
