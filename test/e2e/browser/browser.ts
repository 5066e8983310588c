import { existsSync, globSync, statSync } from 'node:fs';
import { after } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type TemporaryFolder, temporaryFolder } from '../command-line.ts';

/** The machine's own Chromium; nothing is downloaded. Its headless shell, which has no windows, takes half the processor time. */

const PATHS = [
  process.env['CONDVEST_TEST_CHROMIUM'],
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
];
const executablePath = PATHS.find((path) => path !== undefined && existsSync(path));

/** Reason to skip a test because Chromium is not installed, or false. */
export const noChromium: string | false =
  executablePath === undefined
    ? 'Chromium is not installed: run apt-get install chromium-headless-shell, or set CONDVEST_TEST_CHROMIUM to its path'
    : false;

export interface TestBrowser {
  /** Opens the URL in a new browser context, which shares nothing with the others. */
  open(address: string, options?: BrowserContextOptions): Promise<TestPage>;
}

export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Console errors, script errors and requests to foreign origins. Expected to stay empty. */
  readonly complaints: string[];
}

/** Playwright's default is 30 s, which one step may take on a busy machine. The runner's watchdog waits as long. */
const WAIT_MS_MAX = 300_000;

let launched: Promise<Browser> | undefined;
// Chromium leaves an empty folder in the temporary folder.
let temp: TemporaryFolder | undefined;

after(async () => {
  await (await launched)?.close();
  await temp?.[Symbol.asyncDispose]();
});

/** Opens the browser that all test files of this process share. */
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
    // CI containers run as root, where Chromium's own sandbox does not start.
    args: ['--no-sandbox'],
  });
}

/** Throws if the built page is older than its sources. */
function assertBuilt(): void {
  const built = existsSync('web/dist/index.html') ? statSync('web/dist/index.html').mtimeMs : 0;
  const changed = globSync('web/{index.html,vite.config.ts,public/*,src/**/*}')
    .filter((path) => !path.endsWith('.test.ts') && statSync(path).isFile())
    .find((path) => statSync(path).mtimeMs > built);
  if (changed !== undefined) throw new Error(`The built page is older than ${changed}: run npm run build:web`);
}
