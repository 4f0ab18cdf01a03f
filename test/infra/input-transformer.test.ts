import { describe, expect, it } from 'vitest';
import { toBusEvent } from '../../infra/local/bus-event.ts';
import { transformInput } from '../../infra/local/input-transformer.ts';

const event = toBusEvent({
  source: 'shop',
  'detail-type': 'Order "placed"',
  resources: [],
  detail: { order: 'o1', lines: [{ n: 1 }], note: 'a "b" \\ <c>' },
  atMs: 0,
});
const transform = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) =>
  transformInput({ InputTemplate, InputPathsMap }, event, { ruleArn: 'arn:aws:events:x:1:rule/r', receivedAtMs: 0 });

describe("a rule's input transformer", () => {
  it('puts the whole event in, or its envelope', () => {
    expect(transform('{"trigger":"t","event":<aws.events.event.json>}')).toEqual({ trigger: 't', event });
    expect(transform('{"event":<aws.events.event>}')).not.toHaveProperty('event.detail');
  });

  it('knows the rule and when the event came', () => {
    expect(
      transform('{"a":<aws.events.rule-arn>,"n":"<aws.events.rule-name>","t":<aws.events.event.ingestion-time>}'),
    ).toEqual({
      ...{ a: 'arn:aws:events:x:1:rule/r', n: 'r', t: '1970-01-01T00:00:00.000Z' },
    });
  });

  it('puts in what paths find, as values and within text', () => {
    const paths = { order: '$.detail.order', lines: '$.detail.lines', note: '$.detail.note', none: '$.detail.none' };

    expect(transform('{"o":<order>,"l":<lines>,"t":"order <order>: <note>","x":<none>}', paths)).toEqual({
      ...{ o: 'o1', l: [{ n: 1 }], t: 'order o1: a "b" \\ <c>', x: null },
    });
  });

  it('makes a text of a template that is no JSON', () => {
    expect(transform('order <order> came', { order: '$.detail.order' })).toBe('order "o1" came');
  });
});
