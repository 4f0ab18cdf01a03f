import { expect, it } from 'vitest';
import memberCard, { importMember } from '../../examples/reference/catch.ts';
import { failing, given } from './definitions.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('puts an output in the place of an error, in a graph', async () => {
    await using executor = twin.open();

    const result = await executor.execute(memberCard, { name: 'Ada', picture: null, csv: '' });

    const { results } = await executor.get(result.executionId).results({ withOutputs: true });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { card: 'card with blank.png' } });
    expect(results.find(({ nodeId }) => nodeId === 'picture')).toMatchObject({
      status: 'SUCCEEDED',
      source: 'catch',
      output: { picture: 'blank.png', because: 'Ada has no picture' },
      error: { name: 'NoPicture' },
    });
  });

  it('goes on to another node, in a conditional workflow', async () => {
    await using executor = twin.open();

    const [bad, good] = await Promise.all([
      executor.execute(importMember, { name: 'Ada', picture: null, csv: 'Ada' }),
      executor.execute(importMember, { name: 'Ada', picture: null, csv: 'Ada;1815' }),
    ]);

    expect(bad).toMatchObject({
      status: 'SUCCEEDED',
      nodeExecutionOrder: ['readRow', 'setAside'],
      output: { setAside: { setAside: 'Ada' } },
    });
    expect(good).toMatchObject({ status: 'SUCCEEDED', nodeExecutionOrder: ['readRow'] });
  });

  it('takes the first clause that matches; an error that none matches fails the node', async () => {
    await using executor = twin.open();
    const caught = (name: string) =>
      executor.execute(
        {
          name: 'several-clauses',
          nodes: {
            broken: failing(name, {
              catch: [
                { errors: ['Network*'], output: 'network' },
                { errors: ['NetworkDown', 'Busy'], output: 'busy' },
              ],
            }),
            after: given({ dependsOn: ['broken'] }),
          },
        },
        null,
      );

    const [network, busy, other] = await Promise.all([caught('NetworkDown'), caught('Busy'), caught('Other')]);

    expect(network.output).toBe('network');
    expect(busy.output).toBe('busy');
    expect(other).toMatchObject({ status: 'FAILED', error: { name: 'Other' } });
  });
});
