import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

/** What a service says to one request: the body, or a status with one. */
type Answer = string | { readonly status: number; readonly body?: string };

/**
 * A service that nodes call over HTTP, wherever they run: it counts, it can keep them waiting, and so the tests need no
 * sleeps. Each test has its own.
 */
export class Service implements AsyncDisposable {
  readonly url: string;
  readonly #stop: () => Promise<void>;
  readonly #bodies: string[] = [];
  readonly #headers: IncomingMessage['headers'][] = [];
  readonly #waiting = new Set<() => void>();
  #open = 0;
  #most = 0;
  #aborted = 0;

  /** @param answer what it says to the so-manieth request, from 1, with this body */
  static async start(answer: (request: number, body: string) => Answer | Promise<Answer>): Promise<Service> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const service = new Service(`http://127.0.0.1:${port}/`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    server.on('request', async (request, response) => {
      response.once('close', () => service.#leave(response.writableFinished));
      const { number, body: asked } = await service.#enter(request);
      const said = await answer(number, asked);
      const { status, body = '' } = typeof said === 'string' ? { status: 200, body: said } : said;
      response.writeHead(status).end(body);
    });
    return service;
  }

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#stop = stop;
  }

  /** Bodies of the requests so far, in the order in which they came. */
  get bodies(): readonly string[] {
    return this.#bodies;
  }

  get headers(): readonly IncomingMessage['headers'][] {
    return this.#headers;
  }

  /** So many requests were open at once. */
  get mostAtOnce(): number {
    return this.#most;
  }

  /** Resolves when so many requests have come. */
  requests(count: number): Promise<void> {
    return this.#until(() => this.#bodies.length >= count);
  }

  /** Resolves when so many were given up by who sent them. */
  aborts(count: number): Promise<void> {
    return this.#until(() => this.#aborted >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }

  async #enter(request: IncomingMessage): Promise<{ number: number; body: string }> {
    this.#most = Math.max(this.#most, ++this.#open);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    this.#headers.push(request.headers);
    const body = Buffer.concat(chunks).toString();
    const number = this.#bodies.push(body);
    this.#wake();
    return { number, body };
  }

  #leave(isAnswered: boolean): void {
    this.#open--;
    if (!isAnswered) this.#aborted++;
    this.#wake();
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
