import type { SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { compileFilters } from './event-filter.ts';

const Filter = z.looseObject({ body: z.unknown().optional() });

/**
 * Lambda's filtering of messages: a pattern for the `body` with properties reads it as JSON, one with a list takes it for
 * text, and where the message has the other form it does not match.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
 * @throws what {@link compileFilters} does
 */
export function compileQueueFilters(patterns: readonly string[]): (record: SQSRecord) => boolean {
  if (patterns.length === 0) return () => true;
  const tests = patterns.map((pattern) => {
    const { body } = Filter.parse(JSON.parse(pattern));
    const matches = compileFilters([pattern]);
    if (body === undefined) return matches;
    const isForText = Array.isArray(body);
    return (record: SQSRecord) => {
      const json = objectIn(record.body);
      if ((json === undefined) !== isForText) return false;
      return matches({ ...record, ...(json !== undefined && { body: json }) });
    };
  });
  return (record) => tests.some((test) => test(record));
}

function objectIn(body: string): object | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
