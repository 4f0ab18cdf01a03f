/**
 * `npm run verify:aws`: deploys a stack of its own name to the account of your credentials, tries what it must do, compares
 * what its executions say they cost with what AWS counted, and destroys it: also if something fails, unless `--keep`.
 *
 *   --region eu-central-1    default: AWS_REGION
 *   --keep                   leave the stack, and say how to destroy it
 *   --endpoint URL           only try a stack that stands, such as the local one: nothing is deployed or compared
 *
 * It costs some cents and takes a quarter of an hour. Never in CI.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { OperationCounts } from '../../shared/billing/prices.ts';
import { describeCause, FanjoinError } from '../../shared/errors.ts';
import { type Comparison, compareCapacity } from './capacity.ts';
import { Deployment, type Outputs } from './deployment.ts';
import { smokeTest } from './smoke.ts';

const LOOK_AGAIN_MS = 60_000;
/** CloudWatch has a minute's sums some minutes later; what is compared is complete once it no longer grows. */
const COUNTED_WITHIN_MS = 15 * 60_000;

const say = (line: string): void => console.log(line);

const { values } = parseArgs({
  options: { endpoint: { type: 'string' }, region: { type: 'string' }, keep: { type: 'boolean', default: false } },
});

/** Whether all is as it must be. */
async function verifyAws(): Promise<boolean> {
  const { endpoint, region = process.env.AWS_REGION, keep } = values;
  if (endpoint !== undefined)
    return isAllRight(await smokeTest({ endpoint, ...(region !== undefined && { region }) }, say));
  return deployAndVerify(await checkedRegion(region), keep);
}

async function deployAndVerify(region: string, isKept: boolean): Promise<boolean> {
  const stack = `FanjoinVerify${randomBytes(4).toString('hex')}`;
  const deployment = new Deployment(stack, region);
  say(`Deploying ${stack} to ${region}`);
  // The commands it starts hear of Ctrl-C, too, and end; what stands is destroyed all the same.
  process.on('SIGINT', () => say('Interrupted: destroying what stands'));
  let outputs: Outputs | undefined;
  try {
    outputs = await deployment.deploy();
    const since = new Date();
    const report = await smokeTest({ endpoint: outputs.ApiUrl, region }, say);
    const compared = await untilCounted(deployment, outputs, since, report.billed);
    for (const line of compared) say(comparisonText(line));
    return isAllRight(report) && compared.every(({ isWithin }) => isWithin);
  } finally {
    if (isKept)
      say(`${stack} stands, and costs: npx cdk destroy ${stack} --app 'node test/aws/app.ts' -c stack=${stack}`);
    else await deployment.destroy(outputs?.BucketName);
  }
}

async function untilCounted(
  deployment: Deployment,
  outputs: Outputs,
  since: Date,
  billed: OperationCounts,
): Promise<readonly Comparison[]> {
  say('Waiting for CloudWatch');
  const deadline = Date.now() + COUNTED_WITHIN_MS;
  for (let before = -1; ; ) {
    await delay(LOOK_AGAIN_MS);
    const consumed = await deployment.consumed(outputs, since);
    if ((consumed.writeUnits > 0 && consumed.writeUnits === before) || Date.now() > deadline)
      return compareCapacity(billed, consumed);
    before = consumed.writeUnits;
  }
}

const comparisonText = ({ kind, billed, consumed, difference, isWithin }: Comparison): string =>
  `${isWithin ? 'ok    ' : 'FAILED'} ${kind}: executions say ${Math.round(billed)}, AWS counted ${Math.round(consumed)} (${difference > 0 ? '+' : ''}${Math.round(difference)})`;

const isAllRight = ({ checks }: Awaited<ReturnType<typeof smokeTest>>): boolean =>
  checks.every(({ problem }) => problem === undefined);

/** @throws {FanjoinError} `VERIFY_REFUSED`: nothing was deployed */
async function checkedRegion(region: string | undefined): Promise<string> {
  if (process.env.CI !== undefined && process.env.CI !== 'false')
    throw refused('it deploys to an AWS account, which CI is never to do (CI is set)');
  if (region === undefined) throw refused('it is not said where to: set AWS_REGION, or pass --region eu-central-1');
  await defaultProvider()().catch((cause: unknown) => {
    throw refused(`there are no AWS credentials (${describeCause(cause)}): log in first, as with aws sso login`);
  });
  return region;
}

const refused = (why: string): FanjoinError => new FanjoinError('VERIFY_REFUSED', `Nothing was deployed: ${why}`);

try {
  process.exitCode = (await verifyAws()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof FanjoinError ? error.message : error);
  process.exitCode = 1;
}
