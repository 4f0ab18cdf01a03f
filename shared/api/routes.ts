import * as z from 'zod';
import { CheckpointDetail, CheckpointView } from '../executor/checkpoints.ts';
import { DeadLetterList, Redriven, RedrivenRecords } from '../executor/dead-letters.ts';
import { ExecutionDescription, ExecutionOutcome, ResultsPage } from '../executor/description.ts';
import { ExecutionsPage } from '../executor/listing.ts';
import { Started, StartRequest } from '../executor/start-request.ts';
import {
  PublishedVersion,
  Validation,
  VersionsPage,
  WorkflowAlias,
  WorkflowDescription,
  WorkflowsPage,
} from '../executor/workflows.ts';
import { Definition } from '../model/definition.ts';
import { BilledOperations } from '../observability/billed-operations.ts';
import { EventsPage } from '../observability/execution-event.ts';
import { WorkflowMetrics } from '../observability/tally.ts';
import {
  AliasBody,
  AliasParams,
  CheckpointParams,
  DeadLettersQuery,
  EventsQuery,
  ExecutionParams,
  ListQuery,
  MetricsQuery,
  PauseOptions,
  PublishBody,
  RedriveBody,
  RedriveExecutionOptions,
  RedriveSomeBody,
  ResultsQuery,
  ResumeOptions,
  StartHeaders,
  ValidateBody,
  VersionQuery,
  VersionsQuery,
  WaitQuery,
  WorkflowParams,
  WorkflowsQuery,
} from './requests.ts';
import { NO_BODY, type Route } from './route.ts';

/** Of a route that takes nothing. */
const bare = { params: z.object({}), query: z.strictObject({}), headers: z.object({}), body: NO_BODY };

const execution = { ...bare, tag: 'executions', params: ExecutionParams } as const;

const workflow = { ...bare, tag: 'workflows', params: WorkflowParams } as const;

/** Of routes that ask an execution to change, and answer how it stands then. */
const control = {
  ...execution,
  method: 'POST',
  answer: ExecutionDescription,
  statuses: { 202: 'It will; how it stands by now' },
  problems: ['EXECUTION_NOT_FOUND', 'INVALID_STATE'],
} as const;

/**
 * The API: every route there is. What the function answers, what the gateway lets through, what the OpenAPI document says
 * and what the client calls come from here.
 */
export const ROUTES = {
  startExecution: {
    ...bare,
    method: 'POST',
    path: '/executions',
    tag: 'executions',
    summary: 'Start an execution',
    description:
      'Of a `definition`, or of a published `workflow`. With an `executionId` of your own, in the body or as the ' +
      '`Idempotency-Key`, the request can be repeated: it finds the execution it started.',
    query: WaitQuery,
    headers: StartHeaders,
    body: StartRequest,
    answer: Started,
    statuses: {
      200: 'The same request has started it before; with `wait`, it has ended or is paused, and this is what it gave',
      201: 'It was started',
      202: 'With `wait`: it still runs, and stands so',
    },
    problems: [
      'INVALID_DEFINITION',
      'WORKFLOW_NOT_FOUND',
      'EXECUTION_EXISTS',
      'IDEMPOTENCY_KEY_REUSED',
      'PAYLOAD_TOO_LARGE',
      'UNKNOWN_SECRET',
    ],
  },
  listExecutions: {
    ...bare,
    method: 'GET',
    path: '/executions',
    tag: 'executions',
    summary: 'List executions, latest start first',
    query: ListQuery,
    answer: ExecutionsPage,
    statuses: { 200: 'A page of them. It may hold fewer than asked for, and there may be more all the same' },
    problems: [],
  },
  describeExecution: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}',
    summary: 'Describe an execution',
    answer: ExecutionDescription,
    statuses: { 200: 'How it stands' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  getOutcome: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}/outcome',
    summary: 'Get what an execution gave',
    query: WaitQuery,
    answer: ExecutionOutcome,
    description:
      'Values that an answer of 6 MB has no room for are handed over as links: in place of `output` there is `outputAt`, ' +
      'with a URL that answers a plain GET for a quarter of an hour.',
    statuses: { 200: 'Its description with the output or, of anything but a success, what stands of it' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  listResults: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}/results',
    summary: 'List the ended visits of nodes, by node id',
    description:
      'Outputs that an answer of 6 MB has no room for are handed over as links: `outputAt` in place of `output`.',
    query: ResultsQuery,
    answer: ResultsPage,
    statuses: { 200: 'A page of them. It may hold fewer than asked for, and there may be more all the same' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  listEvents: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}/events',
    summary: 'List what happened to an execution, in order, or wait for it',
    query: EventsQuery,
    answer: EventsPage,
    statuses: { 200: 'A page of events' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  getDefinition: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}/definition',
    summary: 'Get the workflow as an execution runs it',
    answer: Definition,
    statuses: { 200: 'The definition' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  getBilledOperations: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}/billed-operations',
    summary: 'Get what an execution was billed for',
    answer: BilledOperations,
    statuses: { 200: 'So far, by list prices' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  listCheckpoints: {
    ...execution,
    method: 'GET',
    path: '/executions/{executionId}/checkpoints',
    summary: "List an execution's checkpoints, oldest first",
    answer: z.array(CheckpointView),
    statuses: { 200: 'All of them' },
    problems: ['EXECUTION_NOT_FOUND'],
  },
  cancelExecution: {
    ...control,
    path: '/executions/{executionId}/cancel',
    summary: 'Stop an execution',
    description: 'Running handlers see their signal abort; what stands is kept.',
  },
  pauseExecution: {
    ...control,
    path: '/executions/{executionId}/pause',
    summary: 'Let running nodes finish and start no more',
    body: PauseOptions.optional(),
  },
  resumeExecution: {
    ...control,
    path: '/executions/{executionId}/resume',
    summary: 'Go on after a pause',
  },
  redriveExecution: {
    ...control,
    path: '/executions/{executionId}/redrive',
    summary: 'Go on from what failed',
    description: 'Of an execution that failed, timed out or was cancelled. What succeeded stays.',
    body: RedriveExecutionOptions.optional(),
  },
  getCheckpoint: {
    ...bare,
    method: 'GET',
    path: '/checkpoints/{checkpointId}',
    tag: 'executions',
    summary: 'Describe a checkpoint',
    params: CheckpointParams,
    answer: CheckpointDetail,
    statuses: { 200: 'What had ended by then, what was under way, and what resuming it would do' },
    problems: ['CHECKPOINT_NOT_FOUND'],
  },
  resumeCheckpoint: {
    ...bare,
    method: 'POST',
    path: '/checkpoints/{checkpointId}/resume',
    tag: 'executions',
    summary: 'Go on from a checkpoint',
    description: 'The execution itself does, if it is still paused there; else a new one begins from that cut.',
    params: CheckpointParams,
    body: ResumeOptions.optional(),
    answer: Started,
    statuses: { 201: 'A new execution', 200: 'The execution itself' },
    problems: ['CHECKPOINT_NOT_FOUND'],
  },
  publishWorkflow: {
    ...bare,
    method: 'POST',
    path: '/workflows',
    tag: 'workflows',
    summary: 'Publish a workflow: make a definition its latest version',
    description: 'To be started by its name. Repeated, the request changes nothing.',
    body: PublishBody,
    answer: PublishedVersion,
    statuses: { 201: 'A new version', 200: 'It is the latest version already' },
    problems: ['INVALID_DEFINITION', 'PAYLOAD_TOO_LARGE'],
  },
  listWorkflows: {
    ...bare,
    method: 'GET',
    path: '/workflows',
    tag: 'workflows',
    summary: 'List the workflows that were ever published or started, by name',
    query: WorkflowsQuery,
    answer: WorkflowsPage,
    statuses: { 200: 'A page of them' },
    problems: [],
  },
  validateWorkflow: {
    ...bare,
    method: 'POST',
    path: '/workflows/validate',
    tag: 'workflows',
    summary: 'Look a definition over without keeping it',
    description: 'What is wrong with the definition is the answer, not a problem of the request.',
    body: ValidateBody,
    answer: Validation,
    statuses: { 200: 'Whether it can run, and every reason why not' },
    problems: [],
  },
  getWorkflow: {
    ...workflow,
    method: 'GET',
    path: '/workflows/{workflow}',
    summary: 'Get a version of a workflow',
    query: VersionQuery,
    answer: WorkflowDescription,
    statuses: { 200: 'The version, with its definition' },
    problems: ['WORKFLOW_NOT_FOUND'],
  },
  listVersions: {
    ...workflow,
    method: 'GET',
    path: '/workflows/{workflow}/versions',
    summary: "List a workflow's versions, latest first",
    query: VersionsQuery,
    answer: VersionsPage,
    statuses: { 200: 'A page of them; of a workflow that was started and never published none' },
    problems: ['WORKFLOW_NOT_FOUND'],
  },
  listAliases: {
    ...workflow,
    method: 'GET',
    path: '/workflows/{workflow}/aliases',
    summary: "List a workflow's aliases, by name",
    answer: z.array(WorkflowAlias),
    statuses: { 200: 'All of them' },
    problems: ['WORKFLOW_NOT_FOUND'],
  },
  setAlias: {
    ...workflow,
    method: 'PUT',
    path: '/workflows/{workflow}/aliases/{alias}',
    summary: 'Point an alias at a version',
    description: 'Who starts the workflow by this alias gets that version from now on. What runs stays as it is.',
    params: AliasParams,
    body: AliasBody,
    answer: WorkflowAlias,
    statuses: { 200: 'What it stands for now' },
    problems: ['WORKFLOW_NOT_FOUND'],
  },
  getMetrics: {
    ...workflow,
    method: 'GET',
    path: '/workflows/{workflow}/metrics',
    summary: 'Count what ended of a workflow, and how long it and its nodes took',
    query: MetricsQuery,
    answer: WorkflowMetrics,
    statuses: { 200: 'The counts; of an unknown workflow nothing' },
    problems: [],
  },
  listDeadLetters: {
    ...bare,
    method: 'GET',
    path: '/dead-letters',
    tag: 'operations',
    summary: 'List what was given up and waits for somebody to look at it',
    description:
      'Work that neither a runner could finish nor the dead-letter function could settle, records of the table that a ' +
      'function failed on again and again, and events that started nothing. Listing hides them for the moment it takes.',
    query: DeadLettersQuery,
    answer: DeadLetterList,
    statuses: { 200: 'What is there, in no order' },
    problems: [],
  },
  redriveDeadLetters: {
    ...bare,
    method: 'POST',
    path: '/dead-letters/redrive',
    tag: 'operations',
    summary: "Send a pool's dead letters back to its queue",
    description: 'To be run as if they had never failed. Of executions that have ended meanwhile it changes nothing.',
    body: RedriveBody,
    answer: Redriven,
    statuses: { 200: 'How many went, and how many nobody can read' },
    problems: [],
  },
  redriveDeadRecords: {
    ...bare,
    method: 'POST',
    path: '/dead-letters/records/redrive',
    tag: 'operations',
    summary: 'Look again at the records of the table that were given up',
    description:
      'What they told the scheduler is made good from the results that stand; what they told the observer is written into ' +
      'the history and put on the bus, but not counted in metrics. The stream keeps records for a day.',
    body: RedriveSomeBody.optional(),
    answer: RedrivenRecords,
    statuses: { 200: 'Which executions were looked at, and how many records are gone' },
    problems: [],
  },
  redriveDeadEvents: {
    ...bare,
    method: 'POST',
    path: '/dead-letters/events/redrive',
    tag: 'operations',
    summary: 'Send events that started nothing back to their queue',
    description: 'An event starts an execution once, however often it comes.',
    body: RedriveSomeBody.optional(),
    answer: Redriven,
    statuses: { 200: 'How many went, and how many nobody can read' },
    problems: [],
  },
  getOpenApi: {
    ...bare,
    method: 'GET',
    path: '/openapi.json',
    tag: 'operations',
    summary: 'Get this document',
    answer: z.record(z.string(), z.unknown()),
    statuses: { 200: 'OpenAPI 3.1' },
    problems: [],
  },
} as const satisfies Readonly<Record<string, Route>>;

export type Routes = typeof ROUTES;
export type OperationId = keyof Routes;

export const isOperationId = (id: string): id is OperationId => Object.hasOwn(ROUTES, id);
