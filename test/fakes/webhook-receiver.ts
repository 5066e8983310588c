import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { signatureOf } from '#adapters/webhook/notifier.ts';

export interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Receives posts over real HTTP. */
export class WebhookReceiver implements AsyncDisposable {
  readonly #server: Server;
  readonly posts: Post[] = [];
  /** Statuses for the next posts, one each; after those, 204. */
  readonly statuses: number[] = [];

  static async open(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        this.posts.push({ headers: request.headers, body });
        response.writeHead(this.statuses.shift() ?? 204).end();
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Stops listening. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Returns whether a post is signed with the secret, as a receiver checks it: in constant time. */
export function verifySignature(secret: string, timestamp: string, body: string, signature: string): boolean {
  const [ours, theirs] = [Buffer.from(signatureOf(secret, timestamp, body)), Buffer.from(signature)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
