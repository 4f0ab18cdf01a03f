import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import ship from '../../examples/reference/pools.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('bound how many handlers run at once across executions', async () => {
    await using service = await Service.start(async (request) => {
      // Fewer at once would wait for ever; a third that is let in comes in the time that is left to it.
      await service.requests(request + (request % 2));
      await delay(200);
      return 'printed';
    });
    await using executor = twin.open();

    const results = await Promise.all(
      ['S1', 'S2', 'S3'].map((shipment) => executor.execute(ship, { shipment, printerUrl: service.url })),
    );

    expect(results.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(service.bodies).toHaveLength(6);
    expect(service.mostAtOnce).toBe(2);
  });
});
