import { visit } from 'jsonc-parser';
import { FanjoinError } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/model/limits.ts';

/**
 * A request's JSON.
 * @throws {FanjoinError} `REQUEST_TOO_LARGE`, `MALFORMED_JSON`, or `DUPLICATE_KEY`: JSON.parse would silently drop a node
 */
export function parseBody(body: string | undefined, isBase64Encoded: boolean): unknown {
  const text = isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString('utf8') : (body ?? '');
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.maxRequestBytes) {
    throw new FanjoinError(
      'REQUEST_TOO_LARGE',
      `The request has ${bytes} bytes; at most ${LIMITS.maxRequestBytes} are taken`,
    );
  }
  if (text.trim() === '') throw new FanjoinError('MALFORMED_JSON', 'The request has no body; send a JSON object');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FanjoinError(
      'MALFORMED_JSON',
      `The request's body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  refuseDuplicateKeys(text);
  return value;
}

function refuseDuplicateKeys(text: string): void {
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
    },
    onObjectEnd: () => {
      open.pop();
    },
    onObjectProperty: (key, _offset, _length, line, column) => {
      const keys = open.at(-1);
      if (keys?.has(key)) {
        throw new FanjoinError(
          'DUPLICATE_KEY',
          `The key '${key}' stands twice in one object, again at line ${line + 1}, column ${column + 1}`,
        );
      }
      keys?.add(key);
    },
  });
}
