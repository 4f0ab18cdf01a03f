import { expect, it } from 'vitest';
import book, { config } from '../../examples/reference/config.ts';
import invoice from '../../examples/reference/sequential.ts';
import { called } from './definitions.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('has its defaults where nobody says otherwise', async () => {
    await using executor = twin.open();

    const handle = await executor.start(invoice, { lines: [] });

    expect((await handle.describe()).config).toEqual({
      maxParallelNodes: 10,
      timeoutSeconds: 300,
      retryFailedNodes: false,
      maxRetries: 3,
      enableCheckpoints: false,
      checkpointInterval: 5,
      traceExecution: false,
    });
    await handle.result();
  });

  it('of a start goes before the workflow’s, and that before the executor’s, field by field', async () => {
    await using service = await Service.start(() => 'translated');
    await using executor = twin.open({ config: { checkpointInterval: 7, timeoutSeconds: 9 } });

    const [ofStart, ofExecutor] = await Promise.all([
      executor.start(book, { translatorUrl: service.url }, { config: { timeoutSeconds: 20 } }),
      executor.start(invoice, { lines: [] }),
    ]);

    expect((await ofStart.describe()).config).toEqual({ ...config, timeoutSeconds: 20 });
    expect((await ofExecutor.describe()).config).toMatchObject({ checkpointInterval: 7, timeoutSeconds: 9 });
    await Promise.all([ofStart.result(), ofExecutor.result()]);
  });

  it('runs maxParallelNodes nodes at once, and never more', async () => {
    const open = Promise.withResolvers<string>();
    await using service = await Service.start(() => open.promise);
    await using executor = twin.open();
    const handle = await executor.start(book, { translatorUrl: service.url });
    await service.requests(2);

    const { progress } = await handle.describe();
    open.resolve('translated');
    const { status } = await handle.result();

    expect(progress).toMatchObject({ inFlight: 2, running: ['cover', 'preface'] });
    expect(status).toBe('SUCCEEDED');
    expect(service.bodies).toHaveLength(4);
    expect(service.mostAtOnce).toBe(2);
  });

  it('with retryFailedNodes retries nodes without a policy of their own, maxRetries times', async () => {
    await using service = await Service.start((_request, node) => ({ status: 500, body: `${node}Broke` }));
    await using executor = twin.open({ config: { retryFailedNodes: true, maxRetries: 1 } });

    const result = await executor.execute(
      {
        name: 'retried',
        nodes: { a: called(), b: called({ dependsOn: ['a'], triggerRule: 'all_done', retry: { maxRetries: 0 } }) },
      },
      { url: service.url },
    );

    expect(result).toMatchObject({ status: 'FAILED', failedNode: 'b' });
    expect(service.bodies).toEqual(['a', 'a', 'b']);
  });

  it('with traceExecution keeps node starts in the history, and else not', async () => {
    await using service = await Service.start(() => 'translated');
    await using executor = twin.open();
    const startsOf = async (traceExecution: boolean) => {
      const { executionId } = await executor.execute(
        book,
        { translatorUrl: service.url },
        { config: { traceExecution } },
      );
      const starts = [];
      for await (const event of executor.get(executionId).events())
        if (event.type === 'NodeStarted') starts.push(event.nodeId);
      return starts.sort();
    };

    const [traced, untraced] = await Promise.all([startsOf(true), startsOf(false)]);

    expect(traced).toEqual(['chapter', 'cover', 'index', 'preface']);
    expect(untraced).toEqual([]);
  });
});
