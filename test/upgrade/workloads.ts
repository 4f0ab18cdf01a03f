import type { ExecutionService } from '../../shared/executor/execution-service.ts';
import type { StartInput } from '../../shared/executor/executions.ts';
import type { ExecutionStatus } from '../../shared/model/result.ts';

/** An execution that is recorded in the middle of its run, and how it ends when it goes on from there. */
export interface Workload {
  readonly start: StartInput & { readonly executionId: string };
  /** Messages that are run before it is recorded. */
  readonly messages: number;
  /** Asked of it then. */
  readonly ask?: (service: ExecutionService, executionId: string) => Promise<void>;
  /** Messages that are run after that. Default none. */
  readonly andThen?: number;
  /** Whether the scheduler has heard of what was written last. Default true. */
  readonly isHeard?: boolean;
  /** It is paused, and goes on when it is resumed. Default false. */
  readonly isPaused?: boolean;
  readonly ends: { readonly status: ExecutionStatus; readonly output?: unknown };
}

const config = { timeoutSeconds: 86_400 };
const retry = { maxRetries: 2, intervalSeconds: 1 };

const graph = {
  name: 'graph',
  config: { ...config, maxParallelNodes: 3, enableCheckpoints: true, checkpointInterval: 1 },
  nodes: {
    a: { handler: 'double' },
    b: { handler: 'second-try', dependsOn: ['a'], retry },
    c: { handler: 'broken', dependsOn: ['a'], fallback: { handler: 'double' } },
    d: { handler: 'broken', dependsOn: ['a'], catch: [{ errors: ['Broken'], output: 100 }] },
    e: { handler: 'double', dependsOn: ['a'], runIf: '{% $nodes.a > 1000 %}' },
    f: { handler: 'large', dependsOn: ['a'] },
    g: { handler: 'length', dependsOn: ['f'] },
    h: {
      handler: 'sum',
      dependsOn: ['b', 'c', 'd', 'e', 'g'],
      triggerRule: 'none_failed',
      input: { b: '{% $nodes.b %}', c: '{% $nodes.c %}', d: '{% $nodes.d %}', g: '{% $nodes.g %}' },
    },
  },
};
/** a = 6; b = 7, c = 12, d = 100, g = 20,006; e is skipped. */
const graphOutput = 7 + 12 + 100 + 20_006;

const map = {
  name: 'map',
  config: { ...config, maxParallelNodes: 3 },
  nodes: {
    each: {
      type: 'map',
      handler: 'odd-at-second-try',
      chunkSize: 2,
      items: '{% [2, 4, 1, 3, 6, 8, 5, 7, 9] %}',
      retry,
    },
    total: {
      handler: 'sum',
      dependsOn: ['each'],
      input: { all: '{% $sum($nodes.each) %}' },
    },
  },
};

const route = {
  name: 'route',
  strategy: 'conditional',
  config,
  nodes: {
    again: { handler: 'count-to-four', mayRouteTo: ['again'], next: 'last' },
    last: { handler: 'second-try', retry, input: '{% $nodes.again %}' },
  },
};

const steps = {
  name: 'steps',
  strategy: 'sequential',
  config,
  nodes: { a: { handler: 'double' }, b: { handler: 'double' }, c: { handler: 'second-try', retry } },
};

const fails = {
  name: 'fails',
  config,
  nodes: { a: { handler: 'double' }, b: { handler: 'broken', dependsOn: ['a'] } },
};

const start = (executionId: string, definition: unknown, input: unknown) => ({ executionId, definition, input });

export const workloads: readonly Workload[] = [
  {
    start: {
      ...start('graph-in-mid-run', graph, 3),
      globals: { currency: 'EUR' },
      tags: { team: 'checkout' },
      searchAttributes: { customer: 'c1' },
    },
    // a, b, which is to be tried again, c and d; e and f are on their way.
    messages: 4,
    ends: { status: 'SUCCEEDED', output: graphOutput },
  },
  {
    start: start('graph-with-news', graph, 3),
    messages: 6,
    isHeard: false,
    ends: { status: 'SUCCEEDED', output: graphOutput },
  },
  {
    start: start('graph-just-started', graph, 3),
    messages: 0,
    isHeard: false,
    ends: { status: 'SUCCEEDED', output: graphOutput },
  },
  { start: start('map-planned', map, null), messages: 1, ends: { status: 'SUCCEEDED', output: 54 } },
  { start: start('map-in-mid-run', map, null), messages: 4, ends: { status: 'SUCCEEDED', output: 54 } },
  {
    start: start('route-in-mid-run', route, null),
    messages: 2,
    ends: { status: 'SUCCEEDED', output: { again: 4, last: 5 } },
  },
  {
    start: start('steps-paused', steps, 1),
    messages: 1,
    ask: (service, executionId) => service.pause(executionId),
    // b, which is parked.
    andThen: 1,
    isPaused: true,
    ends: { status: 'SUCCEEDED', output: 5 },
  },
  {
    start: start('steps-cancelled', steps, 1),
    messages: 1,
    ask: (service, executionId) => service.cancel(executionId),
    ends: { status: 'CANCELLED' },
  },
  {
    start: start('redriven', fails, 1),
    messages: 2,
    ask: (service, executionId) => service.redrive(executionId),
    ends: { status: 'FAILED' },
  },
];
