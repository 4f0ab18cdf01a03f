import type { DefinitionInput } from '../../shared/model/definition.ts';
import { secret } from '../../shared/nodes/secret.ts';

/** Recognisable, with characters that every encoding changes. */
export const CANARIES = {
  'canary-one': 'cnry one/7f3a9c51b2"é&+=?',
  'canary-two': 'cnry-two-d41d8cd98f00b204e9800998',
  'canary-three': 'cnry\nthree\n0cc175b9c0f1b6a831c399e2\n',
} as const;

/** What globals hold where a test can give some. */
export const canaryGlobals = { tenant: 'acme', key: secret('canary-three'), nested: { keys: [secret('canary-two')] } };

const token = secret('canary-one');
const bad = (handler: string, more: object = {}) => ({ handler: `canary.${handler}`, input: { token }, ...more });
const retry = { maxRetries: 1, intervalSeconds: 0 };

const leaking = {
  throws: bad('throw', { retry, fallback: { handler: 'canary.throw-value' } }),
  throwsValue: bad('throw-value'),
  cut: bad('cut'),
  misfit: bad('misfit'),
  misfitOutput: bad('misfit-output'),
  logs: bad('log'),
  returns: bad('return', { cache: {} }),
  returnsKey: bad('return-key'),
  returnsEncoded: bad('return-encoded'),
  failsWith: bad('fail-with'),
  caught: bad('throw', {
    catch: [{ errors: ['*'], output: { why: '{% $error.message %}', name: '{% $error.name %}' } }],
  }),
  items: {
    type: 'map',
    handler: 'canary.item',
    input: { token: secret('canary-two') },
    items: '{% [0, 1, 2] %}',
    itemInput: { n: '{% $item %}', token: '{% $.token %}' },
    retry,
    toleratedFailureCount: 2,
  },
  intoTransform: { type: 'transform', output: '{% $globals %}' },
  intoItems: { type: 'map', handler: 'canary.item', input: [secret('canary-two')] },
  intoText: { handler: 'canary.end', input: "{% 'Bearer ' & $globals.key %}", runIf: '{% $exists($globals.key) %}' },
  globals: { handler: 'canary.globals', runIf: '{% $exists($globals.key) %}' },
};

/** Every way in which a handler may let a secret out; it goes on in spite of what fails. */
export const canaryWorkflow = {
  name: 'canaries',
  config: { traceExecution: true, enableCheckpoints: true, checkpointInterval: 1 },
  cache: {},
  nodes: {
    uses: {
      handler: 'canary.use',
      input: { token, deep: { list: [secret('canary-two'), '{% $string($input) %}'] } },
      cache: {},
    },
    ...leaking,
    end: { handler: 'canary.end', input: null, dependsOn: ['uses', ...Object.keys(leaking)], triggerRule: 'all_done' },
  },
} satisfies DefinitionInput;

/** One whose error becomes the execution's own. */
export const failingWorkflow: DefinitionInput = {
  name: 'canary-fails',
  config: { retryFailedNodes: true, maxRetries: 1 },
  nodes: { only: { handler: 'canary.throw', input: { token: secret('canary-three') } } },
};
