import { didYouMean } from '../closest.ts';
import type { Definition } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import { EXECUTION_STATUS_CHANGE, LIFECYCLE_SOURCE } from '../model/lifecycle-names.ts';
import { LIMITS } from '../model/limits.ts';
import type { EventTrigger, ScheduleTrigger, Trigger } from '../model/trigger.ts';
import { expressionsIn } from './compile-expressions.ts';
import { checkTimeZone, parseCron, parseRate, ScheduleExpressionError } from './cron-expression.ts';
import { compilePattern, EventPatternError, type Test } from './event-pattern.ts';
import { compileExpression } from './expression.ts';
import { ExpressionSyntaxError } from './expression-errors.ts';
import { pathText } from './json.ts';
import { markersIn } from './secret-references.ts';

type Report = (path: string, code: string, message: string) => void;

/** What an event of EventBridge has beside its `detail`. */
const EVENT_FIELDS = [
  ...['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail', '$or'],
];

/** What nodes see, and a trigger does not: there is no execution yet. */
const NODE_VARIABLES = ['input', 'nodes', 'errors', 'globals', 'execution', 'item', 'index', 'output', 'error'];

/** Looks a definition's triggers over: what AWS would refuse at the deployment, or could never start anything, is reported here. */
export function checkTriggers(definition: Definition, report: Report): void {
  const ids = new Set<string>();
  const queues = new Set<string>();
  for (const [index, trigger] of (definition.triggers ?? []).entries()) {
    const at = (field: string) => `triggers[${index}].${field}`;
    if (ids.has(trigger.id))
      report(at('id'), 'DUPLICATE_TRIGGER', `is the id of another trigger, too: '${trigger.id}'`);
    ids.add(trigger.id);
    checkMappings(trigger, at, report);
    switch (trigger.type) {
      case 'event':
        checkPattern(trigger, definition.name, at('pattern'), report);
        break;
      case 'schedule':
        checkSchedule(trigger, at, report);
        break;
      case 'sqs':
        if (queues.has(trigger.queue))
          report(
            at('queue'),
            'DUPLICATE_QUEUE',
            'is read by another trigger, too; each message would reach one of them',
          );
        queues.add(trigger.queue);
        break;
      case 's3':
        break;
    }
  }
}

function checkMappings(trigger: Trigger, at: (field: string) => string, report: Report): void {
  const { input = null } = trigger;
  for (const { path } of markersIn(input))
    report(
      pathText([at('input'), ...path]),
      'SECRET_NOT_ALLOWED',
      'refers to a secret where its value would have to be kept; name it in the input of the node that needs it',
    );
  const expressions = [...expressionsIn(input, at('input'))];
  if (trigger.type !== 'schedule' && trigger.idempotencyKey !== undefined)
    expressions.push([at('idempotencyKey'), trigger.idempotencyKey]);
  for (const [path, source] of expressions) checkExpression(path, source, report);
}

function checkExpression(path: string, source: string, report: Report): void {
  try {
    const { references, variables } = compileExpression(source);
    const named = NODE_VARIABLES.find((name) => variables.has(name) || (name === 'nodes' && references.size > 0));
    if (named !== undefined)
      report(path, 'INVALID_EXPRESSION', `uses $${named}, which there is not yet: here is $event alone, in ${source}`);
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    report(path, 'INVALID_EXPRESSION', error.message);
  }
}

function checkPattern({ pattern }: EventTrigger, workflow: string, at: string, report: Report): void {
  const length = JSON.stringify(pattern).length;
  if (length > LIMITS.maxPatternLength)
    report(at, 'INVALID_PATTERN', `has ${length} characters of JSON; EventBridge takes ${LIMITS.maxPatternLength}`);
  for (const key of Object.keys(pattern)) {
    if (EVENT_FIELDS.includes(key)) continue;
    const hint = didYouMean(key, EVENT_FIELDS);
    const message = `is no field of an event; there are ${EVENT_FIELDS.join(', ')}. What is in it is under detail.${hint}`;
    report(`${at}.${key}`, 'INVALID_PATTERN', message);
  }
  const matches = compiled(pattern, at, report);
  if (matches !== undefined && lifecycleEventsOf(workflow).some(matches)) {
    report(
      at,
      'TRIGGER_LOOP',
      `matches what is told of this workflow's own executions, so that each would start the next; ` +
        `add detail: { workflow: [{ anything-but: ${workflow} }] }`,
    );
  }
}

function compiled(pattern: Json, at: string, report: Report): Test | undefined {
  try {
    return compilePattern(pattern, 'eventbridge');
  } catch (error) {
    if (!(error instanceof EventPatternError)) throw error;
    report(error.path === '' ? at : `${at}.${error.path}`, 'INVALID_PATTERN', error.problem);
    return undefined;
  }
}

/** As much of them as is the same each time. */
const lifecycleEventsOf = (workflow: string): Json[] =>
  ['RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED'].map((status) => ({
    source: LIFECYCLE_SOURCE,
    'detail-type': EXECUTION_STATUS_CHANGE,
    detail: { workflow, status, run: 1 },
  }));

function checkSchedule({ cron, rate, timeZone }: ScheduleTrigger, at: (field: string) => string, report: Report): void {
  const check = (field: string, problemOf: () => unknown): void => {
    try {
      problemOf();
    } catch (error) {
      if (!(error instanceof ScheduleExpressionError)) throw error;
      report(at(field), 'INVALID_SCHEDULE', error.message);
    }
  };
  if (cron !== undefined) check('cron', () => parseCron(cron));
  if (rate !== undefined) check('rate', () => parseRate(rate));
  if (timeZone !== undefined) check('timeZone', () => checkTimeZone(timeZone));
}
