import type { StackStatus } from './stack-status.ts';

/** A table as people read it. */
export interface StatusTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What to say where it has no rows. */
  readonly empty: string;
}

const MAX_ERRORS = 20;
const MAX_MESSAGE = 300;

const clock = (atMs: number): string => new Date(atMs).toISOString().slice('2030-01-01T'.length, -'Z'.length);
const duration = (ms: number | undefined): string =>
  ms === undefined ? '' : ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** A stack's status as tables: the same for a terminal and for a browser. */
export function statusTables({ queues, streams, functions, rules }: StackStatus): readonly StatusTable[] {
  const failures = functions.flatMap(({ name, failures }) => failures.map((failure) => ({ name, ...failure })));
  return [
    {
      title: 'Functions',
      columns: ['function', 'invocations', 'running', 'most at once', 'errors', 'throttles', 'p50', 'p99'],
      rows: functions.map((one) => [
        ...[one.name, String(one.invocations), String(one.running), String(one.mostRunning), String(one.errors)],
        ...[String(one.throttles), duration(one.p50Ms), duration(one.p99Ms)],
      ]),
      empty: 'There is no function.',
    },
    {
      title: 'Queues',
      columns: ['queue', 'visible', 'in flight', 'delayed', 'dead letters of'],
      rows: queues.map(({ name, visible, inFlight, delayed, deadLettersOf }) => [
        ...[name, String(visible), String(inFlight), String(delayed), deadLettersOf.join(', ')],
      ]),
      empty: 'There is no queue.',
    },
    {
      title: 'Streams',
      columns: ['feeds', 'iterator age', 'waiting', 'settled', 'given up', 'filtered out'],
      rows: streams.map(({ name, iteratorAgeMs, waiting, settled, givenUp, filtered }) => [
        ...[name, duration(iteratorAgeMs), String(waiting), String(settled), String(givenUp), String(filtered)],
      ]),
      empty: 'There is no stream.',
    },
    {
      title: 'Rules and schedules',
      columns: ['rule', 'on', 'events', 'last'],
      rows: rules.map(({ name, on, isEnabled, matched, lastAtMs }) => [
        ...[name, isEnabled ? on : `off: ${on}`, String(matched), lastAtMs === undefined ? '' : clock(lastAtMs)],
      ]),
      empty: 'There is no rule.',
    },
    {
      title: 'Last errors',
      columns: ['at', 'function', 'error'],
      rows: failures
        .toSorted((a, b) => b.atMs - a.atMs)
        .slice(0, MAX_ERRORS)
        .map(({ atMs, name, message }) => [clock(atMs), name, message.slice(0, MAX_MESSAGE)]),
      empty: 'No invocation has failed.',
    },
  ];
}

/** What goes above the tables: since when, and by which seed. */
export const statusHeadline = ({ startedAtMs, atMs, seed }: StackStatus): string =>
  `The local stack at ${clock(atMs)}, ${duration(atMs - startedAtMs)} after its start${seed === undefined ? '' : `, with the seed ${seed}`}`;
