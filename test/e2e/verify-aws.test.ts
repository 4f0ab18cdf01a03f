import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startLocalStack } from '../../infra/local/local-stack.ts';
import { smokeTest } from '../aws/smoke.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'test/aws/main.ts');
const handlersEntry = join(ROOT, 'test/aws/handlers.ts');

/** Without a file, a process or a service that the AWS SDK could find credentials at. */
const NOBODY = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
};

const verify = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, ...env } }).catch(
    (error) => error,
  );

describe('npm run verify:aws', () => {
  it.each([
    ['without credentials', { ...NOBODY, AWS_REGION: 'eu-central-1' }, 'there are no AWS credentials'],
    ['without a region', NOBODY, 'it is not said where to'],
    [
      'in CI',
      { ...NOBODY, AWS_REGION: 'eu-central-1', CI: 'true' },
      'it deploys to an AWS account, which CI is never to do',
    ],
  ])('deploys nothing %s, and says so', async (_case, env, why) => {
    const refused = await verify(env);

    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`Nothing was deployed: ${why}`) });
  });

  it.skipIf(!canRunEmulators())(
    'tries a stack that stands: the local one does all it must',
    async () => {
      await using stack = await startLocalStack({ handlersEntry, tumblingWindowSeconds: 5, isMetered: true });

      const report = await smokeTest(stack.connection, () => {});

      expect(report.checks.filter(({ problem }) => problem !== undefined)).toEqual([]);
      expect(report.checks.length).toBe(6);
      expect(report.billed.writeUnits).toBeGreaterThan(100);
    },
    300_000,
  );

  it('fails, and says what, where a stack does not do what it must', async () => {
    const tried = await verify(NOBODY, '--endpoint', 'http://127.0.0.1:1', '--region', 'us-east-1');

    expect(tried).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('FAILED examples/orders ships an order: '),
    });
  });
});
