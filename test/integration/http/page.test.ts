import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FsPageFiles } from '#adapters/fs/page-files.ts';
import { type Gated, gated } from '#test/fixtures/gated-app.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

describe('the files of the page', () => {
  let http: HttpApp;
  let folder: string;
  let gate: Gated;
  const script = `export const text = '${'long '.repeat(500)}';\n`;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-page-'));
    const root = join(folder, 'dist');
    await mkdir(join(root, 'assets'), { recursive: true });
    await mkdir(join(root, 'reference'));
    await writeFile(join(root, 'index.html'), '<!doctype html><title>Page</title>');
    await writeFile(join(root, 'assets/app-0a1b2c3d.js'), script);
    await writeFile(join(root, '.env'), 'hidden words');
    await writeFile(join(root, 'notes.private'), 'hidden words');
    await writeFile(join(folder, 'outside.txt'), 'hidden words');
    await writeFile(join(root, 'reference/swagger-ui.css'), 'a {}');
    await symlink(join(folder, 'outside.txt'), join(root, 'link.txt'));
    http = await openHttpApp({ isEmpty: true });
    const page = new FsPageFiles(root);
    gate = gated({ ...http.serving, page });
  });
  after(async () => {
    await http[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('are cached forever if their name has a hash, and the page is revalidated', async () => {
    const asset = await gate.ask('/assets/app-0a1b2c3d.js');
    assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(asset.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(await asset.text(), script);
    const page = await gate.ask('/');
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    assert.match(await page.text(), /<title>Page/);
    const etag = page.headers.get('etag') ?? '';
    assert.equal((await gate.ask('/', { headers: { 'if-none-match': etag } })).status, 304);
  });

  test('are compressed for clients that accept it, if they are text', async () => {
    const packed = await gate.ask('/assets/app-0a1b2c3d.js', { headers: { 'accept-encoding': 'gzip, br' } });
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    const stream = new Blob([await packed.arrayBuffer()]).stream().pipeThrough(new DecompressionStream('gzip'));
    assert.equal(await new Response(stream).text(), script);
  });

  test('include the page for every address inside it', async () => {
    const response = await gate.ask('/chart/AAA', { headers: { accept: 'text/html,*/*' } });
    assert.match(await response.text(), /<title>Page/);
  });

  test('are served from folders inside it as well', async () => {
    assert.equal((await gate.ask('/reference/swagger-ui.css')).headers.get('content-type'), 'text/css; charset=utf-8');
  });

  test('may run and style only what is a file of this server', async () => {
    const notBuilt = gated(http.serving);
    const pages = [await gate.ask('/'), await gate.ask('/condvest/docs'), await notBuilt.ask('/')];
    for (const page of pages) {
      const policy = page.headers.get('content-security-policy') ?? '';
      assert.match(policy, /script-src 'self'; style-src 'self';/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.doesNotMatch(await page.text(), /<style|<script>|\sstyle=|\son\w+=/);
    }
  });

  test('say how to build the page if a checkout lacks it', async () => {
    const page = await (await gated(http.serving).ask('/')).text();
    const [, script = ''] = /<code>npm run ([\w:]+)<\/code>/.exec(page) ?? [];
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
    assert.match(scripts[script] ?? '', /build-web/);
  });

  test('are the only files on the disk that are served', async () => {
    for (const path of [
      '/../outside.txt',
      '/%2e%2e/outside.txt',
      '/..%2foutside.txt',
      '/assets/..%2f..%2foutside.txt',
      '/assets/%2e%2e/%2e%2e/outside.txt',
      '//outside.txt',
      '/link.txt',
      '/.env',
      '/notes.private',
      '/reference/../outside.txt',
      '/reference/..%5coutside.txt',
      '/assets',
      '/assets%00.js',
      '/__proto__/x.js',
      '/constructor/x.js',
      // Longer than any name on a disk can be.
      `/${'a'.repeat(300)}.js`,
    ]) {
      const response = await gate.ask(path);
      assert.ok(!(await response.text()).includes('hidden words'), path);
      assert.equal(response.status, 404, path);
    }
  });
});
