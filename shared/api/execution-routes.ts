import * as z from 'zod';
import { BilledOperations } from '../billing/billed-operations.ts';
import { CheckpointDetail, CheckpointView } from '../executor/checkpoints.ts';
import { ExecutionDescription, ExecutionOutcome, ResultsPage } from '../executor/description.ts';
import { ExecutionsPage } from '../executor/listing.ts';
import { Started, StartRequest } from '../executor/start-request.ts';
import { Definition } from '../model/definition.ts';
import { EventsPage } from '../observability/execution-event.ts';
import {
  CheckpointParams,
  EventsQuery,
  ExecutionParams,
  ListQuery,
  PauseOptions,
  RedriveExecutionOptions,
  ResultsQuery,
  ResumeOptions,
  StartHeaders,
  WaitQuery,
} from './requests.ts';
import { BARE, type Route } from './route.ts';

const execution = { ...BARE, tag: 'executions', params: ExecutionParams } as const;

/** Of routes that ask an execution to change, and answer how it stands then. */
const control = {
  ...execution,
  method: 'POST',
  answer: ExecutionDescription,
  statuses: { 202: 'It will; how it stands by now' },
  problems: ['EXECUTION_NOT_FOUND', 'INVALID_STATE'],
} as const;

/** Starting executions, looking at them, controlling them. */
export const EXECUTION_ROUTES = {
  startExecution: {
    ...BARE,
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
    ...BARE,
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
    ...BARE,
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
    ...BARE,
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
} as const satisfies Readonly<Record<string, Route>>;
