import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { toTriggeredStart } from '../../../shared/core/trigger-start.ts';
import { InvalidDefinitionError, type Issue } from '../../../shared/errors.ts';
import { Trigger } from '../../../shared/model/trigger.ts';

const definition = (...triggers: unknown[]) => ({
  name: 'orders',
  nodes: { a: { type: 'transform', output: 1 } },
  triggers,
});

function issuesOf(...triggers: unknown[]): readonly Issue[] {
  try {
    compile(definition(...triggers));
    return [];
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.issues;
    throw error;
  }
}

const anEvent = (more = {}) => ({ id: 'placed', type: 'event', pattern: { source: ['shop'] }, ...more });
const aSchedule = (more = {}) => ({ id: 'nightly', type: 'schedule', cron: '0 2 * * ? *', ...more });

describe('triggers of a definition', () => {
  it('may be of every kind', () => {
    const issues = issuesOf(
      anEvent({
        bus: 'orders',
        input: { order: '{% $event.detail.order %}' },
        idempotencyKey: '{% $event.detail.id %}',
      }),
      aSchedule({ timeZone: 'Europe/Berlin', input: { full: true } }),
      { id: 'hourly', type: 'schedule', rate: '1 hour' },
      { id: 'uploads', type: 's3', bucket: 'invoices', prefix: 'in/', suffix: '.csv', events: ['created', 'deleted'] },
      { id: 'jobs', type: 'sqs', queue: 'jobs' },
    );

    expect(issues).toEqual([]);
  });

  it.each<[trigger: object, path: string, message: RegExp]>([
    [anEvent({ pattern: { source: 'shop' } }), 'triggers[0].pattern.source', /must be a list .*: \["shop"\]/],
    [anEvent({ pattern: {} }), 'triggers[0].pattern', /is an empty object/],
    [
      anEvent({ pattern: { detailType: ['x'] } }),
      'triggers[0].pattern.detailType',
      /is no field of an event; .* Did you mean 'detail-type'\?/,
    ],
    [
      anEvent({ pattern: { detail: { total: [{ above: 1 }] } } }),
      'triggers[0].pattern.detail.total[0]',
      /is no comparison known here: {"above":1}/,
    ],
    [anEvent({ pattern: { source: ['x'.repeat(5_000)] } }), 'triggers[0].pattern', /EventBridge takes 4096/],
    [aSchedule({ cron: '0 2 * * *' }), 'triggers[0].cron', /has 5 fields/],
    [aSchedule({ timeZone: 'Berlin' }), 'triggers[0].timeZone', /is no time zone: 'Berlin'/],
    [{ id: 'x', type: 'schedule', rate: '5 minute' }, 'triggers[0].rate', /Write 1 minute/],
    [{ id: 'x', type: 'schedule' }, 'triggers[0]', /needs either 'cron' or 'rate'/],
    [aSchedule({ rate: '1 hour' }), 'triggers[0]', /needs either 'cron' or 'rate'/],
    [{ id: 'x', type: 'schedule', rate: '1 hour', timeZone: 'UTC' }, 'triggers[0].timeZone', /has no effect on a rate/],
    [anEvent({ input: '{% $event. %}' }), 'triggers[0].input', /in {% \$event\. %}/],
    [anEvent({ input: { n: '{% $input.n %}' } }), 'triggers[0].input.n', /uses \$input, which there is not yet/],
    [anEvent({ input: { n: '{% $nodes.a.n %}' } }), 'triggers[0].input.n', /uses \$nodes, which there is not yet/],
    [anEvent({ idempotencyKey: '{% ( %}' }), 'triggers[0].idempotencyKey', /in {% \( %}/],
    [anEvent({ input: { k: { $secret: 'key' } } }), 'triggers[0].input.k', /refers to a secret/],
    [anEvent({ id: 'Placed!' }), 'triggers[0].id', /a trigger id has a small letter/],
    [{ id: 'x', type: 's3', bucket: 'b', prefix: '' }, 'triggers[0].prefix', /./],
    [{ id: 'x', type: 'sns' }, 'triggers[0].type', /./],
  ])('are refused at the place that is wrong: %j', (trigger, path, message) => {
    expect(issuesOf(trigger)).toEqual([expect.objectContaining({ path, message: expect.stringMatching(message) })]);
  });

  it('have ids of their own, and queues of their own', () => {
    const issues = issuesOf({ id: 'a', type: 'sqs', queue: 'jobs' }, { id: 'a', type: 'sqs', queue: 'jobs' });

    expect(issues.map(({ path, code }) => [path, code])).toEqual([
      ['triggers[1].id', 'DUPLICATE_TRIGGER'],
      ['triggers[1].queue', 'DUPLICATE_QUEUE'],
    ]);
  });

  it('may hear of the executions of other workflows, and not of those they start', () => {
    const ofAll = anEvent({ pattern: { source: ['fanjoin'], detail: { status: ['FAILED'] } } });
    const ofOthers = anEvent({
      pattern: { source: ['fanjoin'], detail: { workflow: [{ 'anything-but': 'orders' }], status: ['FAILED'] } },
    });

    expect(issuesOf(ofAll)).toEqual([expect.objectContaining({ path: 'triggers[0].pattern', code: 'TRIGGER_LOOP' })]);
    expect(issuesOf(ofOthers)).toEqual([]);
  });

  it('are part of what a definition is called by, and a definition without any is called as ever', () => {
    const { triggers: _none, ...without } = definition();

    expect(compile(definition(anEvent())).hash).not.toBe(compile(definition(aSchedule())).hash);
    expect(compile(without).hash).toBe('3724eb4f4741498e083339e990313c0dcc908837ddb53f10cecea9fc22de0082');
  });
});

describe('the start an event asks for', () => {
  const start = (
    trigger: unknown,
    event: { [key: string]: string | number | { [key: string]: string } },
    workflow = 'orders',
  ) => toTriggeredStart(workflow, Trigger.parse(trigger), event);

  it('has the mapped input', async () => {
    const trigger = anEvent({ input: { order: '{% $event.detail.order %}', by: 'event' } });

    const { input } = await start(trigger, { id: 'e1', detail: { order: 'o1' } });

    expect(input).toEqual({ order: 'o1', by: 'event' });
  });

  it('has the event itself where nothing is mapped, and of a message its body', async () => {
    const event = await start(anEvent(), { id: 'e1' });
    const message = await start({ id: 'jobs', type: 'sqs', queue: 'q' }, { messageId: 'm', body: { job: '1' } });

    expect(event.input).toEqual({ id: 'e1' });
    expect(message.input).toEqual({ job: '1' });
  });

  it('is the same for the same event, and another for another event, trigger or workflow', async () => {
    const event = { id: 'e1', time: 'now' };
    const starts = await Promise.all([
      start(anEvent(), event),
      start(anEvent(), { ...event, time: 'later' }),
      start(anEvent(), { id: 'e2' }),
      start(anEvent({ id: 'placed-again' }), event),
      start(anEvent(), event, 'orders-2'),
    ]);
    const [first, ...others] = starts.map(({ executionId }) => executionId);

    expect(first).toMatch(/^placed-[\w-]{32}$/);
    expect(others[0]).toBe(first);
    expect(new Set(others).size).toBe(4);
  });

  it('tells names apart that read the same when joined', async () => {
    const ids = await Promise.all([
      start(anEvent({ id: 'b-c' }), { id: 'e' }, 'a'),
      start(anEvent({ id: 'c' }), { id: 'e' }, 'a-b'),
    ]);

    expect(ids[0]?.executionId.slice(-32)).not.toBe(ids[1]?.executionId.slice(-32));
  });

  it('goes by the key the trigger names', async () => {
    const trigger = anEvent({ idempotencyKey: '{% $event.detail.order %}' });
    const [first, again] = await Promise.all([
      start(trigger, { id: 'e1', detail: { order: 'o1' } }),
      start(trigger, { id: 'e2', detail: { order: 'o1' } }),
    ]);

    expect(first?.key).toBe('o1');
    expect(again?.executionId).toBe(first?.executionId);
  });

  it('of a schedule goes by the time it was due', async () => {
    const { key } = await start(aSchedule(), { scheduledTime: '2026-03-29T00:30:00Z' });

    expect(key).toBe('2026-03-29T00:30:00Z');
  });

  it.each<[string, object, { [key: string]: string }, RegExp]>([
    ['an event without an id', anEvent(), {}, /it has no 'id' to tell it from others by/],
    ['a key that is nothing', anEvent({ idempotencyKey: '{% $event.no %}' }), { id: 'e' }, /gave nothing/],
    ['an input that is nothing', anEvent({ input: '{% $event.no %}' }), { id: 'e' }, /gives nothing/],
    ['an input that fails', anEvent({ input: '{% $number($event.id) %}' }), { id: 'e' }, /number/],
  ])('is not there for %s', async (_what, trigger, event, message) => {
    await expect(start(trigger, event)).rejects.toThrow(message);
  });
});
