import { createScanner } from 'jsonc-parser';
import { describeCause, FanjoinError } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/model/limits.ts';

/** A value within the body may be as deep as any other. */
const MAX_DEPTH = LIMITS.maxJsonDepth + 1;

interface Body {
  /** Absent or empty: there is none. */
  readonly text: string | undefined;
  readonly isBase64Encoded: boolean;
  readonly contentType: string | undefined;
}

/**
 * A request's JSON; `undefined` if it has no body.
 * @throws {FanjoinError} `UNSUPPORTED_MEDIA_TYPE`, `REQUEST_TOO_LARGE`, `MALFORMED_JSON`, `NOT_JSON` if it is nested too
 *   deep or has a number that is too large, or `DUPLICATE_KEY`: JSON.parse would silently drop a node
 */
export function parseBody({ text: sent = '', isBase64Encoded, contentType }: Body): unknown {
  const text = isBase64Encoded ? Buffer.from(sent, 'base64').toString('utf8') : sent;
  if (text.trim() === '') return undefined;
  if (contentType !== undefined && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(contentType)) {
    throw new FanjoinError(
      'UNSUPPORTED_MEDIA_TYPE',
      `The body is declared as '${contentType}'; send JSON with the header 'content-type: application/json'`,
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.maxRequestBytes) {
    throw new FanjoinError(
      'REQUEST_TOO_LARGE',
      `The request has ${bytes} bytes; at most ${LIMITS.maxRequestBytes} are taken. Keep large values elsewhere, and send their place`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FanjoinError('MALFORMED_JSON', `The request's body is not JSON: ${describeCause(cause)}`, { cause });
  }
  inspect(text);
  return value;
}

/** Looks for what `JSON.parse` lets pass. By tokens, not by a walk: a hostile body is deeper than the stack. */
function inspect(json: string): void {
  const scanner = createScanner(json, true);
  const open: Set<string>[] = [];
  let name = '';
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    switch (json[scanner.getTokenOffset()]) {
      case '{':
      case '[':
        open.push(new Set());
        if (open.length <= MAX_DEPTH) break;
        throw new FanjoinError('NOT_JSON', `The request's body is nested over ${LIMITS.maxJsonDepth} deep; flatten it`);
      case '}':
      case ']':
        open.pop();
        break;
      case '"':
        name = scanner.getTokenValue();
        break;
      case ':':
        addKey(open.at(-1), name, scanner.getTokenStartLine() + 1);
        break;
      default:
        assertNumber(scanner.getTokenValue(), scanner.getTokenStartLine() + 1);
    }
  }
}

/** `JSON.parse` makes `1e999` Infinity, and whoever writes that down makes it null. */
function assertNumber(token: string, line: number): void {
  if (Math.abs(Number(token)) !== Number.POSITIVE_INFINITY) return;
  throw new FanjoinError('NOT_JSON', `The number ${token.slice(0, 40)} at line ${line} is too large; send it as text`);
}

function addKey(keys: Set<string> | undefined, key: string, line: number): void {
  if (keys?.has(key) === true)
    throw new FanjoinError(
      'DUPLICATE_KEY',
      `The key '${key}' stands twice in one object, again at line ${line}; remove one`,
    );
  keys?.add(key);
}
