import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { toSqsRecord } from '../../infra/local/queue-event.ts';
import { compileQueueFilters } from '../../infra/local/queue-filter.ts';

const aMessage = (body: string): SQSRecord =>
  toSqsRecord({ Body: body, MessageAttributes: { Kind: { DataType: 'String', StringValue: 'k' } } }, 'arn:queue');
const accepts = (body: string, ...patterns: object[]) =>
  compileQueueFilters(patterns.map((pattern) => JSON.stringify(pattern)))(aMessage(body));

/** AWS's table of what becomes of which form. */
describe('a filter of messages', () => {
  const ofJson = { body: { kind: ['a'] } };
  const ofText = { body: ['a'] };
  const ofAttributes = { messageAttributes: { Kind: { stringValue: ['k'] } } };

  it.each([
    ['takes JSON by its properties', '{"kind":"a"}', ofJson, true],
    ['drops JSON with others', '{"kind":"b"}', ofJson, false],
    ['takes text as it is', 'a', ofText, true],
    ['drops other text', 'b', ofText, false],
    ['drops text where it asks for JSON', 'a', ofJson, false],
    ['drops JSON where it asks for text', '{"kind":"a"}', { body: ['{"kind":"a"}'] }, false],
    ['looks at the rest of text alone', 'a', ofAttributes, true],
    ['looks at the rest of JSON alone', '{}', ofAttributes, true],
    ['drops what the rest is not', '{}', { messageAttributes: { Kind: { stringValue: ['other'] } } }, false],
  ])('%s', (_claim, body, pattern, isWanted) => {
    expect(accepts(body, pattern)).toBe(isWanted);
  });

  it('takes what any of its patterns does, and all without one', () => {
    expect(accepts('a', ofJson, ofText)).toBe(true);
    expect(accepts('anything')).toBe(true);
  });
});
