import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { toItem } from '../../shared/adapters/stored-value.ts';
import type { Item } from '../../shared/ports/item-table.ts';

const Fixture = z.object({
  v: z.int(),
  recordedAtMs: z.number(),
  executions: z.array(
    z.object({
      executionId: z.string(),
      items: z.array(z.record(z.string(), z.unknown())),
      /** By key, in base64. */
      blobs: z.record(z.string(), z.base64()),
      messages: z.array(z.object({ pool: z.string(), body: z.string(), delayMs: z.number().optional() })),
    }),
  ),
});

/** An execution as it stood when it was recorded. */
export interface Recorded {
  readonly executionId: string;
  readonly items: readonly Item[];
  readonly blobs: Readonly<Record<string, Uint8Array>>;
  readonly messages: readonly { readonly pool: string; readonly body: string; readonly delayMs?: number | undefined }[];
}

/**
 * The executions that were recorded under a version of the schema, as if it had been now: their deadlines are still to come.
 * @param version of the schema
 */
export function loadFixture(version: number): readonly Recorded[] {
  const text = readFileSync(join(import.meta.dirname, `fixtures/schema-${version}.json`), 'utf8');
  const { recordedAtMs, executions } = Fixture.parse(JSON.parse(text));
  const laterMs = Date.now() - recordedAtMs;
  return executions.map(({ executionId, items, blobs, messages }) => ({
    executionId,
    items: items.map((item) => toItem(unmarshall(Object(withBytes(inTime(item, laterMs)))))),
    blobs: Object.fromEntries(Object.entries(blobs).map(([key, body]) => [key, Buffer.from(body, 'base64')])),
    messages: messages.map(({ body, ...message }) => ({ ...message, body: inTimeText(body, laterMs) })),
  }));
}

/** Every time of day, so much later. Also those in texts that are JSON. */
function inTime(value: unknown, laterMs: number): unknown {
  return JSON.parse(inTimeText(JSON.stringify(value), laterMs));
}

const inTimeText = (text: string, laterMs: number): string =>
  text.replace(
    /(AtMs\\*":(?:\{"N":")?|notBeforeMs\\*":)(\d{13})\b/g,
    (_match, name: string, at: string) => `${name}${Number(at) + laterMs}`,
  );

/** DynamoDB's JSON has bytes in base64; its client does not. */
function withBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withBytes);
  if ('B' in value && typeof value.B === 'string') return { B: new Uint8Array(Buffer.from(value.B, 'base64')) };
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withBytes(inner)]));
}
