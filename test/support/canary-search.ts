import { paginateScan } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { CANARIES } from './canary-workflow.ts';

/** What shows a canary, written down apart from the code that takes them out. */
const TRACES: readonly (readonly [name: string, trace: string])[] = Object.entries(CANARIES).flatMap(
  ([name, value]) => {
    const escaped = JSON.stringify(value).slice(1, -1);
    const traces = [
      value,
      value.slice(0, 10),
      escaped,
      escaped.slice(0, 12),
      JSON.stringify(escaped).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString('base64').slice(0, -4),
      Buffer.from(`user:${value}`).toString('base64').slice(8, -4),
      Buffer.from(value).toString('hex'),
    ];
    return traces.map((trace) => [name, trace] as const);
  },
);

/** Every canary that shows in a text, with what stands around it. */
export function canariesIn(where: string, content: string | Uint8Array): string[] {
  // One character for each byte, as the traces are then searched for too.
  const text = Buffer.from(content).toString('latin1');
  return TRACES.flatMap(([name, trace]) => {
    const at = text.indexOf(Buffer.from(trace).toString('latin1'));
    return at < 0 ? [] : [`${name} in ${where}: …${text.slice(Math.max(0, at - 60), at + 60)}…`];
  });
}

/** All that a stack keeps: the items of its tables and the objects of its buckets. */
export async function everythingKept({
  clients,
  tableNames,
  bucketNames,
}: LocalStack): Promise<Map<string, string | Uint8Array>> {
  const kept = new Map<string, string | Uint8Array>();
  for (const TableName of tableNames) {
    for await (const { Items = [] } of paginateScan({ client: clients.dynamo }, { TableName })) {
      for (const item of Items) kept.set(`item ${item.pk?.S} ${item.sk?.S}`, JSON.stringify(item));
    }
  }
  for (const Bucket of bucketNames) {
    const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key = '' } of Contents) {
      const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
      kept.set(`object ${Key}`, (await Body?.transformToByteArray()) ?? '');
    }
  }
  return kept;
}
