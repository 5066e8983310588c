import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askerOf, hostRules, isLoopback } from './hosts.ts';

const HERE = { bind: '127.0.0.1', port: 8787, names: [], publicUrl: undefined };

test('a loopback server goes by loopback names with its own port', () => {
  const rules = hostRules(HERE);
  for (const host of ['localhost:8787', '127.0.0.1:8787', '[::1]:8787', 'LocalHost:8787', 'app.localhost:8787'])
    assert.ok(rules.isOurs(host), host);
});

test('a name that was pointed at a loopback server is refused', () => {
  const rules = hostRules(HERE);
  for (const host of [
    'evil.example',
    'evil.example:8787',
    'localhost.evil.example:8787',
    '127.0.0.1.evil.example:8787',
    'localhost:8788',
    'localhost',
    '10.0.0.1:8787',
    '127.0.0.1:8787@evil.example',
    'localhost:8787 ',
    '',
    '[::1]:8787:1',
  ])
    assert.ok(!rules.isOurs(host), host);
});

test('the port may be left out where it is the usual one', () => {
  assert.ok(hostRules({ ...HERE, port: 80 }).isOurs('localhost'));
});

test('a server for others goes by addresses and by the names it was given', () => {
  const rules = hostRules({
    bind: '0.0.0.0',
    port: 8787,
    names: ['data.example.com', 'other.example.com:9000'],
    publicUrl: 'https://public.example.com',
  });
  for (const host of [
    'data.example.com',
    'data.example.com:8080',
    'other.example.com:9000',
    'public.example.com',
    '10.0.0.5:8787',
    '[fe80::1]:8787',
    'localhost:9000',
  ])
    assert.ok(rules.isOurs(host), host);
  for (const host of ['evil.example', 'other.example.com', 'other.example.com:9001'])
    assert.ok(!rules.isOurs(host), host);
});

test('the name of the public address counts with any port: a proxy may hand it on without its own', () => {
  const rules = hostRules({ ...HERE, publicUrl: 'https://public.example.com:8443' });
  for (const host of ['public.example.com:8443', 'public.example.com', 'localhost:8787'])
    assert.ok(rules.isOurs(host), host);
  assert.ok(!rules.isOurs('example.com:8443'));
});

test('a name that was good is remembered, and no other with it', () => {
  const rules = hostRules(HERE);
  assert.ok(rules.isOurs('localhost:8787'));
  assert.ok(!rules.isOurs('evil.example:8787'));
  assert.ok(rules.isOurs('localhost:8787'));
});

test('loopback names', () => {
  for (const name of ['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost']) assert.ok(isLoopback(name), name);
  for (const name of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost.example'])
    assert.ok(!isLoopback(name), name);
});

const REQUEST = {
  method: 'GET',
  origin: undefined,
  ownOrigin: 'http://localhost:8787',
  fetchSite: undefined,
  fetchMode: undefined,
  isPage: true,
};

test('who asks is told from what the browser says', () => {
  const cases: [string, Partial<Parameters<typeof askerOf>[0]>, readonly string[]][] = [
    ['none', {}, []],
    ['same', { origin: 'http://localhost:8787' }, []],
    ['foreign', { origin: 'http://localhost:3000' }, []],
    ['foreign', { origin: 'null' }, ['https://pro.example.com']],
    ['listed', { origin: 'https://pro.example.com' }, ['https://pro.example.com']],
    ['any', { origin: 'https://pro.example.com' }, ['*']],
    ['foreign', { fetchSite: 'cross-site', fetchMode: 'no-cors' }, []],
    ['foreign', { fetchSite: 'same-site', fetchMode: 'cors' }, []],
    ['any', { fetchSite: 'cross-site', fetchMode: 'no-cors' }, ['*']],
    ['none', { fetchSite: 'cross-site', fetchMode: 'navigate' }, []],
    ['foreign', { fetchSite: 'cross-site', fetchMode: 'navigate', isPage: false }, []],
    ['none', { fetchSite: 'none', fetchMode: 'navigate', isPage: false }, []],
    ['foreign', { method: 'POST', fetchSite: 'cross-site', fetchMode: 'navigate' }, []],
    ['none', { fetchSite: 'same-origin', fetchMode: 'cors' }, []],
    ['none', { fetchSite: 'none', fetchMode: 'navigate' }, []],
  ];
  for (const [asker, headers, allowed] of cases)
    assert.equal(askerOf({ ...REQUEST, ...headers }, allowed), asker, JSON.stringify(headers));
});
