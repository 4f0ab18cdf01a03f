import type { buildApp } from 'fauxqs';

/** What became of an object. */
export interface ObjectChange {
  readonly bucket: string;
  readonly key: string;
  /** S3's operation: `PutObject`, `CopyObject`, `CompleteMultipartUpload`, `DeleteObject`. */
  readonly reason: string;
  /** Of one that is there now. */
  readonly made?: { readonly size: number; readonly etag: string };
}

type App = ReturnType<typeof buildApp>;

/** Tells of objects that requests to the emulator make or delete, once they have. */
export function tellOfObjects(app: App, hear: (change: ObjectChange) => void): void {
  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode >= 300) return;
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const [bucket = '', ...rest] = pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const { method } = request;
    if (method === 'DELETE' && key !== '' && !searchParams.has('uploadId')) {
      hear({ bucket, key, reason: 'DeleteObject' });
    } else if (method === 'POST' && searchParams.has('delete')) {
      for (const deleted of keysIn(request.body)) hear({ bucket, key: deleted, reason: 'DeleteObject' });
    } else if (method === 'PUT' && key !== '' && !searchParams.has('partNumber')) {
      const reason = request.headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
      hear({ bucket, key, reason, made: await look(app, request.url) });
    } else if (method === 'POST' && searchParams.has('uploadId')) {
      hear({ bucket, key, reason: 'CompleteMultipartUpload', made: await look(app, pathname) });
    }
  });
}

async function look(app: App, url: string): Promise<{ size: number; etag: string }> {
  const { headers } = await app.inject({ method: 'HEAD', url: url.split('?')[0] ?? url });
  return { size: Number(headers['content-length']), etag: String(headers.etag).replaceAll('"', '') };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Of a request to delete several. */
const keysIn = (body: unknown): string[] =>
  [...String(body).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) =>
    key.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, name = '') =>
      decimal !== undefined
        ? String.fromCodePoint(Number(decimal))
        : hex !== undefined
          ? String.fromCodePoint(Number.parseInt(hex, 16))
          : (ENTITIES[name] ?? whole),
    ),
  );
