import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { handlerTypesIn } from '../../infra/constructs/handlers-module.ts';
import {
  readWorkflows,
  type WorkflowSource,
  type WorkflowSurroundings,
} from '../../infra/constructs/workflow-sources.ts';
import type { ExecutorStackProps } from '../../infra/executor-stack.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { defineWorkflow } from '../../shared/nodes/define-workflow.ts';
import { synthesized } from './synthesized.ts';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
const handlersEntry = fixture('handlers.ts');
const handler = 'only-in-this-fixture';

/** The template of a stack with these props; of its assets, what its publisher has to publish. */
function deployed(props: ExecutorStackProps) {
  const { template, outdir } = synthesized({ handlersEntry, ...props });
  const published = readdirSync(outdir)
    .filter((name) => name.startsWith('asset.'))
    .flatMap((asset) => readdirSync(join(outdir, asset)).map((file) => join(outdir, asset, file)))
    .filter((file) => file.endsWith('workflows.json'))
    .map((file): unknown => JSON.parse(readFileSync(file, 'utf8')));
  rmSync(outdir, { recursive: true });
  return { template, published };
}

describe('workflows of a stack', () => {
  it('are published when it is deployed: files, defined in TypeScript, or definitions', () => {
    const inCode = defineWorkflow({
      name: 'in-code',
      nodes: { only: { handler: defineNode({ type: handler, execute: () => null }) } },
    });
    const plain = { name: 'plain', nodes: { only: { handler } } };

    const { template, published } = deployed({ workflows: [fixture('greeting.yaml'), inCode, plain] });

    expect(published).toEqual([
      [
        expect.objectContaining({ name: 'greeting' }),
        expect.objectContaining({ name: 'in-code' }),
        expect.objectContaining({ name: 'plain' }),
      ],
    ]);
    template.resourceCountIs('Custom::Trigger', 1);
  });

  it('are published by another version of the function when they are others, and by the same when they are not', () => {
    const versionWith = (description: string) =>
      Object.keys(
        deployed({ workflows: [{ name: 'plain', description, nodes: { only: { handler } } }] }).template.findResources(
          'AWS::Lambda::Version',
        ),
      );
    const [first, same, other] = [versionWith('one'), versionWith('one'), versionWith('two')];

    expect(same).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('need nothing of a stack that has none', () => {
    const { template } = deployed({});

    template.resourceCountIs('Custom::Trigger', 0);
    // The node runner's, for executions that are pinned.
    template.resourceCountIs('AWS::Lambda::Version', 1);
  });
});

/** Reads workflows as the construct does, with the handlers of the fixture and these surroundings. */
const reading =
  (...sources: readonly WorkflowSource[]) =>
  (surroundings: Partial<WorkflowSurroundings> = {}) =>
    readWorkflows(sources, {
      handlers: { types: [handler], file: handlersEntry },
      pools: ['slow'],
      runners: { default: { timeoutSeconds: 300, memoryMb: 1_024 } },
      secrets: [],
      ...surroundings,
    });

describe('a workflow that could not run fails the synthesis', () => {
  it('naming the file and the place', () => {
    expect(() => deployed({ workflows: [fixture('broken.yaml')] })).toThrow(
      /fixtures\/broken\.yaml:4:56 {2}nodes\.second\.dependsOn\[0\]: .*frist/,
    );
  });

  it.each([
    [
      'a handler',
      { name: 'w', nodes: { n: { handler: 'gone' } } },
      /no handler 'gone': .*fixtures\/handlers\.ts exports: only-in-this-fixture/,
    ],
    [
      'a pool',
      { name: 'w', nodes: { n: { handler, pool: 'gone' } } },
      /names a pool that does not exist: 'gone'. There are: default, slow/,
    ],
    [
      'a secret',
      { name: 'w', nodes: { n: { handler, input: { $secret: 'gone' } } } },
      /nodes\.n\.input: refers to a secret that the executor has not: 'gone'/,
    ],
  ])('naming %s that is not there', (_what, workflow, message) => {
    expect(() => reading(workflow)()).toThrow(message);
  });

  it('whose node may take longer than what runs it', () => {
    const workflow = { name: 'w', nodes: { n: { handler, pool: 'slow', timeoutSeconds: 600 } } };
    const unsaid = { name: 'w', nodes: { n: { handler, pool: 'slow' } } };
    const insured = { name: 'w', nodes: { n: { handler, pool: 'slow', fallback: { handler } } } };
    const within =
      (seconds: number, source: WorkflowSource = workflow) =>
      () =>
        reading(source)({
          runners: {
            default: { timeoutSeconds: 30, memoryMb: 1_024 },
            slow: { timeoutSeconds: seconds, memoryMb: 1_024 },
          },
        });

    expect(within(600)).toThrow(
      /nodes\.n\.timeoutSeconds: may take 600 s, and .*'slow' ends after 600 s; give the node/,
    );
    expect(within(601)).not.toThrow();
    expect(within(60, unsaid)).toThrow(/may take 60 s, as nothing else is said/);
    expect(within(61, unsaid)).not.toThrow();
    expect(within(120, insured)).toThrow(/may take 120 s, with its fallback/);
    expect(within(121, insured)).not.toThrow();
  });

  it('that has the name of another, or no file', () => {
    const workflow = { name: 'w', nodes: { n: { handler } } };

    expect(() => reading(workflow, workflow)()).toThrow(/Two of the workflows are called 'w'/);
    expect(() => reading('gone.yaml')()).toThrow(/'gone\.yaml' cannot be read/);
  });
});

describe('handlers that could not run fail the synthesis, naming their file', () => {
  const loading =
    (file: string, environment: Readonly<Record<string, string>> = {}) =>
    () =>
      handlerTypesIn(fixture(file), { handlersEntry: fixture(file), environment });

  it.each([
    [
      'throws when it is loaded',
      'handlers-that-throw.ts',
      /handlers-that-throw\.ts' does not load: [\s\S]*no database to be found/,
    ],
    [
      'exports something else',
      'handlers-of-another-kind.ts',
      /handlers-of-another-kind\.ts' does not load: it must export 'handlers'/,
    ],
  ])('a module that %s', (_what, file, message) => {
    expect(loading(file)).toThrow(message);
  });

  it('a module that needs a variable, unless it will have it', () => {
    const file = 'handlers-that-need-a-variable.ts';

    expect(loading(file)).toThrow(/ORDERS_TABLE is not set/);
    expect(loading(file, { ORDERS_TABLE: 'orders' })).not.toThrow();
  });

  it('a module that is not there, or imports what is not', () => {
    expect(() => deployed({ handlersEntry: fixture('gone.ts') })).toThrow(/gone\.ts' cannot be bundled:\s+Could not/);
  });
});
