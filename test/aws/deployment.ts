import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { DUE_INDEX, LISTING_INDEX } from '../../shared/adapters/aws/dynamo-table.ts';
import { type Consumed, metricQueries, sumConsumed } from './capacity.ts';

const ROOT = join(import.meta.dirname, '../..');

const Outputs = z.object({ ApiUrl: z.url(), TableName: z.string(), BucketName: z.string(), FunctionNames: z.string() });
export type Outputs = z.infer<typeof Outputs>;

/** A stack of its own name, in the account that the AWS SDK finds credentials of. */
export class Deployment {
  readonly #stack: string;
  readonly #region: string;

  constructor(stack: string, region: string) {
    this.#stack = stack;
    this.#region = region;
  }

  /** @throws {Error} the deployment failed; something may stand */
  async deploy(): Promise<Outputs> {
    const folder = await mkdtemp(join(tmpdir(), 'fanjoin-verify-'));
    try {
      const file = join(folder, 'outputs.json');
      await this.#cdk('deploy', '--require-approval', 'never', '--outputs-file', file);
      return z.record(z.string(), Outputs).parse(JSON.parse(await readFile(file, 'utf8')))[this.#stack] ?? missing();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Deletes it with all it kept. @param bucketName what CloudFormation does not delete while something is in it */
  async destroy(bucketName: string | undefined): Promise<void> {
    if (bucketName !== undefined) await this.#empty(bucketName);
    await this.#cdk('destroy', '--force');
  }

  /** What AWS counted since then. CloudWatch is some minutes late. */
  async consumed({ TableName, FunctionNames }: Outputs, since: Date): Promise<Consumed> {
    const client = new CloudWatchClient({ region: this.#region });
    try {
      const { MetricDataResults = [] } = await client.send(
        new GetMetricDataCommand({
          StartTime: since,
          EndTime: new Date(),
          MetricDataQueries: metricQueries({
            tableName: TableName,
            indexNames: [DUE_INDEX, LISTING_INDEX],
            functionNames: FunctionNames.split(','),
          }),
        }),
      );
      return sumConsumed(MetricDataResults);
    } finally {
      client.destroy();
    }
  }

  async #empty(bucket: string): Promise<void> {
    const client = new S3Client({ region: this.#region });
    try {
      for (;;) {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
        if (Contents.length === 0) return;
        const Objects = Contents.map(({ Key }) => ({ Key }));
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
      }
    } finally {
      client.destroy();
    }
  }

  async #cdk(command: string, ...args: readonly string[]): Promise<void> {
    const app = ['--app', `"${process.execPath}" test/aws/app.ts`, '--context', `stack=${this.#stack}`];
    const cdk = join(ROOT, 'node_modules/.bin/cdk');
    const child = spawn(cdk, [command, this.#stack, ...app, '--output', 'cdk.out/verify', ...args], {
      cwd: ROOT,
      env: { ...process.env, AWS_REGION: this.#region },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`cdk ${command} ended with exit code ${code}`);
  }
}

function missing(): never {
  throw new Error('The stack has no outputs');
}
