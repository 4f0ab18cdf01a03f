import { beforeAll, expect, it } from 'vitest';
import type { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';

/** A workflow that gives `output`, and runs anywhere. */
const giving = (output: string, name: string, config: DefinitionInput['config'] = {}): DefinitionInput => ({
  name,
  config,
  nodes: { only: { type: 'transform', output } },
});

/** What holds of published workflows, wherever they are. */
export function publishingSuite(open: () => WorkflowExecutor): void {
  let executor: WorkflowExecutor;
  beforeAll(() => {
    executor = open();
  });
  const outputOf = async (workflow: string, version?: string | number) =>
    (await executor.execute(workflow, null, version === undefined ? {} : { version })).output;

  it('publishes a definition once, however often it is repeated, and numbers what changes', async () => {
    const first = await executor.publish(giving('a', 'numbered'));
    const again = await executor.publish(giving('a', 'numbered'));
    const second = await executor.publish(giving('b', 'numbered'));
    const back = await executor.publish(giving('a', 'numbered'));

    expect(first).toMatchObject({
      workflow: 'numbered',
      version: 1,
      isNew: true,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(again).toEqual({ ...first, isNew: false });
    expect(second.version).toBe(2);
    expect(second.hash).not.toBe(first.hash);
    expect(back).toMatchObject({ version: 3, isNew: true, hash: first.hash });
  });

  it('gives each of several published at once a number of its own', async () => {
    const versions = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((output) => executor.publish(giving(output, 'contended'))),
    );

    expect(versions.map(({ version }) => version).toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  it('starts the latest version by name, and any by its number, alias or hash', async () => {
    const { hash } = await executor.publish(giving('one', 'selected'));
    await executor.publish(giving('two', 'selected'));
    await executor.publish(giving('three', 'selected'));
    await executor.workflows.setAlias('selected', 'live', 2);

    expect(await outputOf('selected')).toBe('three');
    expect(await outputOf('selected', 'latest')).toBe('three');
    expect(await outputOf('selected', 1)).toBe('one');
    expect(await outputOf('selected', '2')).toBe('two');
    expect(await outputOf('selected', 'live')).toBe('two');
    expect(await outputOf('selected', hash)).toBe('one');
  });

  it('moves an alias, and with it who starts by it from now on', async () => {
    await executor.publish(giving('old', 'moving'));
    const { hash } = await executor.publish(giving('new', 'moving'));
    await executor.workflows.setAlias('moving', 'live', 1);
    const before = await outputOf('moving', 'live');

    await executor.workflows.setAlias('moving', 'live', 'latest');
    await executor.workflows.setAlias('moving', 'by-hash', hash);

    expect([before, await outputOf('moving', 'live')]).toEqual(['old', 'new']);
    expect(await executor.workflows.aliases('moving')).toEqual([
      { workflow: 'moving', alias: 'by-hash', hash, updatedAtMs: expect.any(Number) },
      { workflow: 'moving', alias: 'live', hash, version: 2, updatedAtMs: expect.any(Number) },
    ]);
  });

  it('finds the execution of a start that is repeated, though its alias was moved meanwhile', async () => {
    await executor.publish(giving('old', 'repeated'));
    await executor.workflows.setAlias('repeated', 'live', 'latest');
    const first = await executor.execute('repeated', null, { version: 'live', executionId: 'repeated-1' });
    await executor.publish(giving('new', 'repeated'));
    await executor.workflows.setAlias('repeated', 'live', 'latest');

    const again = await executor.execute('repeated', null, { version: 'live', executionId: 'repeated-1' });

    expect(again).toMatchObject({ executionId: first.executionId, output: 'old' });
    await expect(
      executor.start('repeated', 'another input', { version: 'live', executionId: 'repeated-1' }),
    ).rejects.toMatchObject({ code: 'EXECUTION_EXISTS' });
  });

  it('describes a version with its definition', async () => {
    const { hash } = await executor.publish(giving('one', 'described'));
    await executor.publish(giving('two', 'described'));

    expect(await executor.workflows.describe('described')).toMatchObject({
      workflow: 'described',
      version: 2,
      definition: { name: 'described', strategy: 'parallel', nodes: { only: { type: 'transform', output: 'two' } } },
    });
    expect(await executor.workflows.describe('described', hash)).toEqual({
      workflow: 'described',
      hash,
      definition: expect.objectContaining({ nodes: { only: { type: 'transform', output: 'one' } } }),
    });
  });

  it('says what there is not', async () => {
    const { hash } = await executor.publish(giving('one', 'sought'));
    await executor.publish(giving('other', 'sought-too'));
    const missing = { code: 'WORKFLOW_NOT_FOUND' };

    for (const version of ['2', 'live', 'f'.repeat(64)])
      await expect(executor.workflows.describe('sought', version)).rejects.toMatchObject(missing);
    // The hash is there, of another workflow.
    await expect(executor.workflows.describe('sought-too', hash)).rejects.toMatchObject(missing);
    await expect(executor.workflows.setAlias('sought', 'live', 7)).rejects.toMatchObject(missing);
    await expect(executor.start('unheard-of', null)).rejects.toMatchObject({
      ...missing,
      message: expect.stringContaining("There is no version 'latest' of a workflow 'unheard-of'"),
    });
    await expect(executor.workflows.versions('unheard-of')).rejects.toMatchObject(missing);
    await expect(executor.workflows.aliases('unheard-of')).rejects.toMatchObject(missing);
  });

  it('has no versions of a workflow that was started and never published', async () => {
    await executor.execute(giving('a', 'only-started'), null);

    expect(await executor.workflows.versions('only-started')).toEqual({ versions: [] });
    expect(await executor.workflows.aliases('only-started')).toEqual([]);
  });

  it('refuses names that are none', async () => {
    await executor.publish(giving('one', 'named'));
    const invalid = { code: 'INVALID_INPUT' };

    for (const alias of ['latest', 'Live', '1', 'a'.repeat(41), 'a#b', ''])
      await expect(executor.workflows.setAlias('named', alias, 1)).rejects.toBeInstanceOf(Error);
    for (const version of ['LIVE', '#', '-1', 'a'.repeat(63)])
      await expect(executor.workflows.describe('named', version)).rejects.toMatchObject(invalid);
    await expect(executor.workflows.describe('1st')).rejects.toMatchObject(invalid);
    await expect(executor.workflows.versions('VERSION#x')).rejects.toMatchObject(invalid);
    await expect(executor.start(giving('one', 'named'), null, { version: 1 })).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining("goes with the name of a 'workflow'"),
    });
    expect(await executor.workflows.aliases('named')).toEqual([]);
  });

  it('lists versions, latest first, and workflows by name, in pages', async () => {
    for (const output of ['a', 'b', 'c', 'd', 'e']) await executor.publish(giving(output, 'paged'));
    for (const name of ['zz-1', 'zz-2', 'zz-3']) await executor.publish(giving('a', name));
    const versions: number[] = [];
    for (let after: number | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const page = await executor.workflows.versions('paged', { limit: 2, ...(after !== undefined && { after }) });
      versions.push(...page.versions.map(({ version }) => version));
      after = page.next;
    }
    const names = await executor.workflows.list({ after: 'zz-0', limit: 2 });
    const rest = await executor.workflows.list({ after: names.next ?? '' });

    expect(versions).toEqual([5, 4, 3, 2, 1]);
    expect(names.workflows.map(({ workflow }) => workflow)).toEqual(['zz-1', 'zz-2']);
    expect(rest.workflows.map(({ workflow }) => workflow)).toEqual(['zz-3']);
  });

  it('publishes nothing of what cannot run, and says every reason', async () => {
    const broken: DefinitionInput = {
      name: 'broken',
      nodes: {
        a: { type: 'transform', output: 1, dependsOn: ['b', 'nobody'] },
        b: { type: 'transform', output: '{% ( %}' },
      },
    };

    const validation = await executor.workflows.validate(broken);

    expect(validation.isValid).toBe(false);
    expect(validation.issues.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['nodes.a.dependsOn[1]', 'nodes.b.output']),
    );
    await expect(executor.publish(broken)).rejects.toMatchObject({ code: 'INVALID_DEFINITION' });
    await expect(executor.workflows.versions('broken')).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
    expect((await executor.workflows.list({ after: 'bro', limit: 1 })).workflows).not.toContainEqual(
      expect.objectContaining({ workflow: 'broken' }),
    );
    expect(await executor.workflows.validate('no definition at all')).toMatchObject({ isValid: false });
    expect(await executor.workflows.validate(giving('a', 'fine'))).toEqual({
      isValid: true,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      issues: [],
    });
    await expect(executor.workflows.describe('fine')).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
  });

  it('runs a version as it says, where the start does not say otherwise', async () => {
    await executor.publish(giving('a', 'configured', { maxParallelNodes: 3, maxRetries: 7 }));

    const { executionId } = await executor.execute('configured', null, { config: { maxRetries: 1 } });

    // The executor says 5 and 50 seconds: only what nobody else says.
    expect((await executor.get(executionId).describe()).config).toMatchObject({
      maxParallelNodes: 3,
      maxRetries: 1,
      timeoutSeconds: 50,
    });
  });
}

/** What the executor under test is opened with. */
export const PUBLISHING_CONFIG = { maxParallelNodes: 5, timeoutSeconds: 50 };
