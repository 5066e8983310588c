import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referencePages } from '../../scripts/reference-pages.ts';

for (const { path, text } of referencePages()) {
  test(`${path} says what the code says (npm run reference writes it)`, () => {
    assert.equal(readFileSync(path, 'utf8'), text);
  });
}

test('every dependency has its line of reason', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
  const page = readFileSync('docs/reference/dependencies.md', 'utf8');
  const named = { ...manifest['dependencies'], ...manifest['devDependencies'] };
  for (const [name, version] of Object.entries(named)) {
    assert.ok(
      page.includes(`| \`${name}\` | ${version} |`),
      `${name} ${version} is not in docs/reference/dependencies.md`,
    );
    // Another version of a package goes by an alias: `npm:name@1.2.3`.
    assert.match(version, /^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+/, `${name} has no exact version`);
  }
});
