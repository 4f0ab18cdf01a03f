import * as z from 'zod';
import { MAX_WAIT_SECONDS } from '../executor/follow-events.ts';
import { ListRequest, TimeMs } from '../executor/listing.ts';
import { DefinitionSource } from '../executor/start-request.ts';
import { VersionsRequest, WorkflowsRequest } from '../executor/workflows.ts';
import { ExecutionId } from '../model/ids.ts';
import { Json } from '../model/json.ts';
import { PoolName } from '../model/pools.ts';
import { VersionName } from '../model/version.ts';
import { EventPosition } from '../observability/event-position.ts';
import { ResultPosition } from '../store/result-store.ts';

/** Text in a URL, a number to us. */
const number = z.coerce.number<number>();
/** What can be looked at before API Gateway gives an answer up. */
const MAX_DEAD_LETTERS = 500;

const limit = number.int().min(1).max(1_000);
const timeMs = number.pipe(TimeMs);

export const ExecutionParams = z.object({
  executionId: z.string().meta({ description: 'As it was given at the start' }),
});
export const CheckpointParams = z.object({
  checkpointId: z.string().meta({ description: "As an execution's checkpoints name it" }),
});
export const WorkflowParams = z.object({ workflow: z.string().meta({ description: 'Its name' }) });

export const AliasParams = WorkflowParams.extend({ alias: z.string().meta({ description: 'Its name' }) });

/** API Gateway waits for 30 s, of which the rest is for the way and the work. */
const MAX_OUTCOME_WAIT_SECONDS = 25;

export const WaitQuery = z.strictObject({
  wait: number
    .min(0)
    .max(MAX_OUTCOME_WAIT_SECONDS)
    .default(0)
    .meta({ description: 'Wait so many seconds for its end, or for a pause at which nothing runs' }),
});

/** Of `POST /executions`. */
export const StartHeaders = z.object({
  'idempotency-key': z
    .string()
    .transform((key) => key.replace(/^"(.*)"$/, '$1'))
    .pipe(ExecutionId)
    .exactOptional()
    .meta({ description: "The same as the body's `executionId`: with the same key a request can be repeated" }),
});

/** Of `POST /workflows`. */
export const PublishBody = z.strictObject({ definition: DefinitionSource });

/** Of `POST /workflows/validate`: whatever is wrong with it is the answer. */
export const ValidateBody = z.strictObject({ definition: Json });

/** Of `PUT /workflows/{workflow}/aliases/{alias}`. */
export const AliasBody = z.strictObject({ version: VersionName });

/** Of `GET /workflows/{workflow}`. */
export const VersionQuery = z.strictObject({
  version: VersionName.default('latest').meta({ description: '`latest`, a number, an alias, or a hash' }),
});

export const WorkflowsQuery = WorkflowsRequest.extend({ limit: limit.default(100) });
export const VersionsQuery = VersionsRequest.extend({
  limit: limit.default(100),
  after: number.int().min(1).exactOptional(),
});

/** Of `GET /executions/{executionId}/results`. */
export const ResultsQuery = z.strictObject({
  after: ResultPosition.exactOptional().meta({ description: 'The `next` of the page before' }),
  limit: limit.default(1_000),
  outputs: z
    .union([z.literal('inline'), z.stringbool().meta({ type: 'boolean' })])
    .default(false)
    .meta({ description: 'With what the nodes gave, and the errors of map items; `inline`: of at most 8 KB' }),
});

/** Of `GET /executions/{executionId}/events`. */
export const EventsQuery = z.strictObject({
  after: EventPosition.exactOptional().meta({
    description: 'The `next` of the page before, or the `position` of an event',
  }),
  limit: limit.default(100),
  waitSeconds: number
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .default(0)
    .meta({ description: 'With no events there yet, the answer waits so long for some' }),
});

/** Of `GET /executions`. */
export const ListQuery = ListRequest.extend({
  limit: limit.default(100),
  fromMs: timeMs.optional().meta({ description: 'Started at this time or later' }),
  toMs: timeMs.optional().meta({ description: 'Started at this time or before' }),
});

/** Of `GET /workflows/{workflow}/metrics`. */
export const MetricsQuery = z.strictObject({
  fromMs: timeMs.exactOptional().meta({ description: 'Executions that ended from then on, by whole minutes' }),
  toMs: timeMs.exactOptional().meta({ description: 'And up to then' }),
});

/** Of `GET /dead-letters`. */
export const DeadLettersQuery = z.strictObject({
  limit: number.int().min(1).max(MAX_DEAD_LETTERS).default(100).meta({ description: 'Of each queue' }),
});

/** Of `POST /dead-letters/redrive`. */
export const RedriveBody = z.strictObject({
  pool: PoolName.meta({ description: "The pool's name" }),
  limit: z.int().min(1).max(MAX_DEAD_LETTERS).default(100).meta({ description: 'At most so many' }),
});

/** Of `POST /dead-letters/records/redrive` and `POST /dead-letters/events/redrive`. */
export const RedriveSomeBody = RedriveBody.omit({ pool: true });

/** The id of the execution that begins there, should one begin: chosen by the client, the request can be repeated. */
export const ResumeOptions = z.strictObject({
  executionId: ExecutionId.exactOptional().meta({ description: 'Of a new execution, should there be one' }),
});

/** Of `POST /executions/{executionId}/redrive`. */
export const RedriveExecutionOptions = z.strictObject({
  handlers: z.literal('latest').exactOptional().meta({
    description: 'One that was pinned goes on by the handlers there are now, and is pinned no more',
  }),
});

export const PauseOptions = z.strictObject({
  before: z.string().exactOptional().meta({ description: 'A node id: pause when it would start, and not before' }),
});
