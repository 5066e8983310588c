import { after, before } from 'node:test';
import { temporaryFolder } from '../command-line.ts';
import { openBrowser, type TestBrowser } from './browser.ts';
import { type ServerProcess, startProcess } from './running-server.ts';

/** A server over a home folder of its own, and the browser that looks at its page. */
export interface ServedPage {
  readonly browser: TestBrowser;
  readonly server: ServerProcess;
  readonly home: string;
}

export interface ServedPageOptions {
  /** Fills the home folder before the server starts. */
  readonly fill?: (home: string) => Promise<void>;
  /** Command line of the server; default: `serve` on a free port. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Opens both for the tests of the surrounding `describe`. The fields are set once its tests begin. */
export function useServedPage(options: ServedPageOptions = {}): ServedPage {
  const { fill, args = ['serve', '--port', '0'], env } = options;
  const served = {} as { -readonly [Field in keyof ServedPage]: ServedPage[Field] };
  const stack = new AsyncDisposableStack();
  before(async () => {
    served.home = stack.use(await temporaryFolder()).path;
    await fill?.(served.home);
    served.server = stack.use(await startProcess(args, served.home, env));
    served.browser = await openBrowser();
  });
  after(() => stack.disposeAsync());
  return served;
}
