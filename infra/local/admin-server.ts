import type { IncomingMessage } from 'node:http';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import type { StackStatus } from './stack-status.ts';
import { statusPage } from './status-page.ts';

/** Where `npm run local` shows what it is at, unless that port is taken. */
export const ADMIN_PORT = 4_599;

export interface AdminServerOptions {
  readonly readStatus: () => Promise<StackStatus>;
  /** If it is taken, a free one. Default: a free one. */
  readonly port?: number;
}

/** Shows what the stack is at, to this machine alone: as a page at `/`, as JSON at `/status.json`. It changes nothing. */
export async function startAdminServer({ readStatus, port = 0 }: AdminServerOptions): Promise<LoopbackServer> {
  const start = (at: number) =>
    startLoopbackServer((request, response) => {
      answer(request, readStatus).then(
        ({ status, type, body }) =>
          response
            .writeHead(status, {
              'content-type': type,
              'cache-control': 'no-store',
              'x-content-type-options': 'nosniff',
            })
            .end(body),
        () => response.destroy(),
      );
    }, at);
  return await start(port).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return start(0);
    throw error;
  });
}

async function answer(request: IncomingMessage, readStatus: AdminServerOptions['readStatus']) {
  const text = { type: 'text/plain; charset=utf-8' };
  // A page of another site may have a name of its own resolve to this machine; it is not to read errors here.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? ''))
    return { ...text, status: 403, body: 'Ask for it as http://127.0.0.1.\n' };
  if (request.method !== 'GET') return { ...text, status: 405, body: 'There is nothing to change here.\n' };
  if (request.url === '/status.json')
    return { status: 200, type: 'application/json', body: JSON.stringify(await readStatus()) };
  if (request.url === '/')
    return { status: 200, type: 'text/html; charset=utf-8', body: statusPage(await readStatus()) };
  return { ...text, status: 404, body: 'There are / and /status.json.\n' };
}
