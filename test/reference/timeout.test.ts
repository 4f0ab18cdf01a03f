import { expect, it } from 'vitest';
import encodeVideo from '../../examples/reference/cancel.ts';
import purchase from '../../examples/reference/timeout.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const forever = () => Service.start(() => new Promise(() => undefined));

onBothTwins((twin) => {
  it('of a node fails it and aborts its signal; what other nodes gave stands', async () => {
    await using service = await forever();
    await using executor = twin.open();

    const result = await executor.execute(purchase, { part: 'P1', listPriceCents: 500, supplierUrl: service.url });
    await service.aborts(1);

    expect(result).toMatchObject({
      status: 'FAILED',
      failedNode: 'supplier',
      error: { name: 'NodeTimedOut', code: 'NODE_TIMED_OUT' },
      partialResults: { listPrice: { cents: 500 } },
    });
  });

  it('of an execution ends it TIMED_OUT, with partial results', async () => {
    await using service = await forever();
    await using executor = twin.open();

    const result = await executor.execute(
      encodeVideo,
      { file: 'ship.mov', seconds: 4, encoderUrl: service.url },
      { config: { timeoutSeconds: 8 } },
    );
    await service.aborts(1);

    expect(result).toMatchObject({
      status: 'TIMED_OUT',
      success: false,
      cancelled: false,
      output: undefined,
      partialResults: { measure: { frames: 100 } },
    });
  });
});
