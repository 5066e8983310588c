import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nextPath } from './rest-client.ts';

test('the next page is requested at the base URL, whichever of the vendor’s names it has', () => {
  const base = 'https://api.massive.com';
  for (const address of [
    'https://api.massive.com/v3/x?cursor=a',
    'https://api.polygon.io/v3/x?cursor=a',
    '/v3/x?cursor=a',
  ])
    assert.equal(nextPath(address, base), '/v3/x?cursor=a', address);
  assert.equal(nextPath('https://api.massive.com/v3/x?apiKey=k&cursor=a', base), '/v3/x?cursor=a');
});

test('a proxy below a path gets the page whichever way it names it', () => {
  const base = 'http://proxy:8080/vendor/';
  for (const address of ['http://proxy:8080/vendor/v3/x?c=1', 'https://api.massive.com/v3/x?c=1'])
    assert.equal(nextPath(address, base), '/v3/x?c=1', address);
});

test('another origin is refused: host, port or scheme', () => {
  for (const address of [
    'https://evil.example/x',
    '//evil.example/x',
    'https://api.massive.com:8443/x',
    'http://api.massive.com/x',
    'https://api.massive.com@evil.example/x',
    'javascript:alert(1)',
    'file:///etc/passwd',
  ])
    assert.throws(() => nextPath(address, 'https://api.massive.com'), { code: 'massive-next-url-foreign' }, address);
});

test('an address that would continue the host name is a path', () => {
  assert.equal(nextPath('.evil.example/x', 'https://api.massive.com'), '/.evil.example/x');
  assert.equal(nextPath('@evil.example/x', 'https://api.massive.com'), '/@evil.example/x');
});
