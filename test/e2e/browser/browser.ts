import { existsSync, globSync, statSync } from 'node:fs';
import { after } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type TemporaryFolder, temporaryFolder } from '../command-line.ts';

/** Real Chromium, as the machine has it: nothing is downloaded. */

const PATHS = [process.env['CONDVEST_TEST_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const executablePath = PATHS.find((path) => path !== undefined && existsSync(path));

/** For the `skip` of a test: why it cannot run here, or false. */
export const noChromium: string | false =
  executablePath === undefined
    ? 'Chromium is not on this machine: apt-get install chromium, or name it by CONDVEST_TEST_CHROMIUM'
    : false;

export interface TestBrowser {
  /** A window of its own, with nothing kept from another. */
  open(address: string, options?: BrowserContextOptions): Promise<TestPage>;
}

export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the console and of scripts, and requests to anywhere but the page's own server. None are expected. */
  readonly complaints: string[];
}

/** Playwright gives up after 30 s, which a busy machine may take for one step. The watchdog of the runner waits as long. */
const WAIT_MS_MAX = 300_000;

let launched: Promise<Browser> | undefined;
// Chromium leaves an empty folder in the temporary folder.
let temp: TemporaryFolder | undefined;

after(async () => {
  await (await launched)?.close();
  await temp?.[Symbol.asyncDispose]();
});

/** Opens the browser of this process, which all its test files share. */
export async function openBrowser(): Promise<TestBrowser> {
  assertBuilt();
  launched ??= launch();
  const browser = await launched;
  return {
    open: async (address, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      context.setDefaultTimeout(WAIT_MS_MAX);
      const page = await context.newPage();
      const complaints: string[] = [];
      const { origin } = new URL(address);
      page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
      });
      page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol.startsWith('http') && url.origin !== origin) complaints.push(`request: ${url.href}`);
      });
      await page.goto(address);
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
    },
  };
}

async function launch(): Promise<Browser> {
  temp = await temporaryFolder();
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    env: { ...process.env, TMPDIR: temp.path },
    // Containers of continuous integration run as root, where Chromium's own sandbox does not start.
    args: ['--no-sandbox'],
  });
}

/** A page from before the last change would be tested in vain. */
function assertBuilt(): void {
  const built = existsSync('web/dist/index.html') ? statSync('web/dist/index.html').mtimeMs : 0;
  const changed = globSync('web/{index.html,vite.config.ts,public/*,src/**/*}')
    .filter((path) => !path.endsWith('.test.ts') && statSync(path).isFile())
    .find((path) => statSync(path).mtimeMs > built);
  if (changed !== undefined) throw new Error(`The page is older than ${changed}: npm run build:web`);
}
