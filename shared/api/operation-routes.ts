import * as z from 'zod';
import { DeadLetterList, Redriven, RedrivenRecords } from '../executor/dead-letters.ts';
import { DeadLettersQuery, RedriveBody, RedriveSomeBody } from './requests.ts';
import { BARE, type Route } from './route.ts';

/** What those who run the stack ask for. */
export const OPERATION_ROUTES = {
  listDeadLetters: {
    ...BARE,
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
    ...BARE,
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
    ...BARE,
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
    ...BARE,
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
    ...BARE,
    method: 'GET',
    path: '/openapi.json',
    tag: 'operations',
    summary: 'Get this document',
    answer: z.record(z.string(), z.unknown()),
    statuses: { 200: 'OpenAPI 3.1' },
    problems: [],
  },
} as const satisfies Readonly<Record<string, Route>>;
