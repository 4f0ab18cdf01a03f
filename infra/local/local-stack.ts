import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AwsCredentials } from '../../shared/adapters/aws/sign-requests.ts';
import { secretVariable } from '../../shared/adapters/local/local-secrets.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { startAdminServer } from './admin-server.ts';
import { toBucketEvent, toldBuckets } from './bucket-events.ts';
import { type AwsClients, connectClients } from './connect-clients.ts';
import { assertDeployable } from './deployment-rules.ts';
import { LOCAL_REGION, launchDynamoDbLocal, queueUrlAt, startFauxqs } from './emulators.ts';
import { startEventBridge } from './event-bridge.ts';
import { EventRouter } from './event-router.ts';
import { type EventSource, startEventSources } from './event-sources.ts';
import { type Disturbance, disturb, newSeed } from './faults.ts';
import { type FunctionFinder, finder } from './find-function.ts';
import { HttpApi } from './http-api.ts';
import { startLambda } from './lambda-emulator.ts';
import { Ledger } from './ledger.ts';
import { type InvocationOutcome, LocalFunction } from './local-function.ts';
import { makeResources } from './make-resources.ts';
import { Meter } from './metering.ts';
import type { ObjectChange } from './object-changes.ts';
import { PublishedVersions } from './published-versions.ts';
import { type LocalResources, readResources } from './read-resources.ts';
import { bucketName, secretArn } from './references.ts';
import { RuleActivity } from './rule-activity.ts';
import { startRules } from './rules.ts';
import { Schedules } from './schedules.ts';
import { startSecretsManager } from './secrets-emulator.ts';
import type { StackStatus } from './stack-status.ts';
import { hostedFunctions, publishVersions } from './start-functions.ts';
import { type SynthesizeOptions, synthesize } from './synthesize.ts';
import { startTableProxy } from './table-proxy.ts';
import { type AssemblyPlace, openAssembly } from './template.ts';
import { readStatus } from './watch-stack.ts';

/** What the executor itself takes (`handlersEntry`, `pools`, …), what runs beside it, and how it runs here. */
export interface LocalStackOptions extends SynthesizeOptions, Disturbance {
  /**
   * The stack of an application, as its `cdk synth` wrote it, in place of one that is synthesized here: what the executor
   * takes has no effect then. Default: none.
   */
  readonly assembly?: AssemblyPlace;
  /** Values of `newSecrets`, by name. Default: the environment's, `FANJOIN_SECRET_<NAME>`; without one it has none. */
  readonly secretValues?: Readonly<Record<string, string>>;
  /** Of the API. Default: a free one. */
  readonly port?: number;
  /** Of the page that shows what the stack is at; if it is taken, a free one. Default: a free one. */
  readonly adminPort?: number;
  /** A message whose invocation failed comes back after so long at the most. Default: as late as in the cloud. */
  readonly visibilityTimeoutSeconds?: number;
  /** Tumbling windows of streams are so long at the most. Default: as long as in the cloud. */
  readonly tumblingWindowSeconds?: number;
  /** Batches of each event source at once, however many the template allows; each takes a thread. Default 4. */
  readonly maxConcurrency?: number;
  /** Whether a ledger is kept of what AWS would bill. Default false. */
  readonly isMetered?: boolean;
  /** Takes what functions print, and what goes wrong. Default: stderr, without the lines that are metrics for CloudWatch. */
  readonly log?: (line: string) => void;
}

const DEFAULT_MAX_CONCURRENCY = 4;

/** The stack as it is deployed, on this machine. */
export interface LocalStack extends AsyncDisposable {
  /** Of the HTTP API. */
  readonly url: string;
  /** Of the page that shows what the stack is at; as JSON at `/status.json`. */
  readonly adminUrl: string;
  status(): Promise<StackStatus>;
  /** Made for this stack alone: the API takes requests that are signed with them for its region. */
  readonly credentials: AwsCredentials;
  readonly region: string;
  /** What a `WorkflowExecutor` needs to drive it. */
  readonly connection: { readonly endpoint: string; readonly credentials: AwsCredentials; readonly region: string };
  /** The same as variables: what the command line, or any tool of AWS, signs its requests by. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clients: AwsClients;
  readonly tableNames: readonly string[];
  readonly bucketNames: readonly string[];
  /** By the construct's place in the executor: `Pool-default/Queue`, `Pool-default/DeadLetterQueue`, `Stream/GivenUp`. */
  readonly queueUrls: Readonly<Record<string, string>>;
  /** How often each function was invoked, by its construct's name: `NodeRunner`, `Scheduler`, … */
  invocations(): Readonly<Record<string, number>>;
  /** What AWS would have billed so far; empty unless it is metered. */
  readonly ledger: Ledger;
  /**
   * Deploys other code and settings of the functions, and publishes their versions. What runs goes on: the tables and queues
   * are those there are.
   * @throws {FanjoinError} `DEPLOYMENT_FAILED`: the template asks for other tables, queues or functions than there are
   */
  deploy(options: SynthesizeOptions): Promise<void>;
  /** Invokes a function, as a schedule would. */
  invoke(functionName: string, event?: unknown): Promise<InvocationOutcome>;
  /**
   * Does now what a schedule does when it is due.
   * @param schedule its construct's place, as `Triggers/orders/nightly`
   * @param atMs when it was due. Default: now
   * @throws {FanjoinError} `UNKNOWN_SCHEDULE`
   */
  fireSchedule(schedule: string, atMs?: number): void;
  /** Kills a random instance in the middle of an invocation; what it was at comes back. `false`: none is busy. */
  killWorker(functionName: string): boolean;
  /** Ends every thread, process and timer. What was kept is gone. */
  stop(): Promise<void>;
}

/**
 * Runs the deployed stack on this machine: synthesizes it, makes its tables, queues and buckets in Amazon's DynamoDB Local
 * and fauxqs, answers for its secrets, and hosts its functions, event sources, rules and API. Nothing here knows the
 * executor: all is read from the template, and what of it has no local effect is listed in `ignored-properties.ts`.
 *
 * @throws {FanjoinError} `JAVA_MISSING`, `NO_ASSEMBLY`, `UNKNOWN_PROPERTY`, `DEPLOYMENT_REFUSED`,
 *   `DEPLOYMENT_FAILED`
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const { visibilityTimeoutSeconds, maxConcurrency = DEFAULT_MAX_CONCURRENCY } = options;
  const writeLine = options.log ?? printLine;
  const log = (source: string, line: string): void => writeLine(`[${source}] ${line}`);
  const startedAtMs = Date.now();
  await using cleanup = new AsyncDisposableStack();

  // Java starts while this thread is busy with the synthesis.
  const dynamoDbLocal = await launchDynamoDbLocal();
  cleanup.defer(() => dynamoDbLocal.stop());
  const outdir = mkdtempSync(join(tmpdir(), 'fanjoin-local-'));
  cleanup.defer(() => rmSync(outdir, { recursive: true, force: true }));
  const { template, assets } =
    options.assembly === undefined ? synthesize(outdir, options) : openAssembly(options.assembly);
  const ledger = new Ledger();
  const meter = options.isMetered === true ? new Meter(ledger) : undefined;
  let onObject: (change: ObjectChange) => void = () => undefined;
  const fauxqs = await startFauxqs(meter, (change) => onObject(change));
  cleanup.defer(() => fauxqs.stop());
  const resources = readResources(template, fauxqs.endpoint);
  assertDeployable(resources);
  if (resources.leftOut.length > 0) {
    const names = resources.leftOut.map(({ label, type }) => `${label} (${type})`).join(', ');
    log('stack', `does not make, and functions find a stand-in for: ${names}`);
  }
  const secretsManager = await startSecretsManager((arn) => {
    const secret = resources.secrets.find(({ id }) => secretArn(id) === arn);
    return secret && secretValue(secret.label, options.secretValues);
  });
  cleanup.defer(() => secretsManager.stop());
  const isDisturbed = options.faults !== undefined || options.latency !== undefined;
  const { seed = newSeed() } = options;
  const deliveriesOf = disturb({ ...options, seed });
  if (isDisturbed) log('stack', `what happens to deliveries, and how long they take, is drawn with the seed ${seed}`);
  const buses = resources.buses.map(({ properties }) => properties.Name);
  const router = new EventRouter({
    buses,
    deliveries: deliveriesOf('EventBridge'),
    log: (line) => log('EventBridge', line),
  });
  const eventBridge = await startEventBridge(router, meter);
  cleanup.defer(() => eventBridge.stop());
  const versions = new PublishedVersions();
  const lambda = await startLambda(versions);
  cleanup.defer(() => lambda.stop());
  const endpoints = {
    lambda: lambda.endpoint,
    dynamo: dynamoDbLocal.endpoint,
    sqsAndS3: fauxqs.endpoint,
    events: eventBridge.endpoint,
    secretsManager: secretsManager.endpoint,
  };
  await dynamoDbLocal.whenReady();
  const clients = connectClients(endpoints);
  cleanup.defer(() => clients.destroy());
  const streamArns = await makeResources(clients, resources);
  const tableProxy =
    meter === undefined && !isDisturbed
      ? undefined
      : await startTableProxy({ endpoint: endpoints.dynamo, meter, deliveries: deliveriesOf('DynamoDB') });
  if (tableProxy !== undefined) cleanup.defer(() => tableProxy.stop());
  const hosting = {
    ...{ maxConcurrency, log, meter, streamArns },
    // Streams are read past it: Lambda does so for free, and has what takes its time elsewhere.
    endpoints: { ...endpoints, ...(tableProxy !== undefined && { dynamo: tableProxy.endpoint }) },
  };
  const hosted = hostedFunctions({ ...hosting, resources, assets });
  const functions = [...hosted.values()].map((one) => new LocalFunction(one));
  publishVersions(resources, hosted, versions);
  const queueUrlOf = (id: string): string => queueUrlAt(fauxqs.endpoint, id);
  const find = finder(resources, functions, versions);
  let sources: readonly EventSource[] = [];
  // Together: a source waits for its invocations, and they end with their functions.
  cleanup.defer(
    async () => void (await Promise.all([...sources, router, ...functions, versions].map((part) => part.stop()))),
  );
  // Before anything can run: no event is to be missed.
  const activity = new RuleActivity();
  const targets = { resources, find, queueUrlOf, deliveriesOf, log, activity, sqs: clients.sqs };
  cleanup.defer(startRules(targets, router));
  const told = toldBuckets(resources);
  let objectChanges = 0;
  onObject = (change) => {
    if (told.has(change.bucket)) router.publish(undefined, toBucketEvent(change, ++objectChanges, Date.now()));
  };
  sources = startEventSources({
    ...{
      resources,
      clients,
      streamArns,
      queueUrlOf,
      find,
      maxConcurrency,
      log,
      deliveriesOf,
    },
    ...(options.tumblingWindowSeconds !== undefined && { tumblingWindowSeconds: options.tumblingWindowSeconds }),
    ...(visibilityTimeoutSeconds !== undefined && { visibilityTimeoutSeconds }),
  });
  await runTriggers(resources, find);
  const schedules = new Schedules(targets, router);
  cleanup.defer(() => schedules.stop());
  void warmUp(functions);
  const caller = { credentials: throwAwayCredentials(), region: LOCAL_REGION };
  const api = await HttpApi.start({
    routes: routesOf(resources, find),
    caller,
    log: (line) => log('API', line),
    ...(options.port !== undefined && { port: options.port }),
  });
  cleanup.defer(() => api.stop());
  const status = () =>
    readStatus({
      ...{ resources, functions, sources, queueUrlOf, startedAtMs, rules: activity, sqs: clients.sqs },
      seed: isDisturbed ? seed : undefined,
    });
  const admin = await startAdminServer({
    readStatus: status,
    ...(options.adminPort !== undefined && { port: options.adminPort }),
  });
  cleanup.defer(() => admin.stop());

  const deploy = async (changed: SynthesizeOptions): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'fanjoin-local-'));
    running.defer(() => rmSync(folder, { recursive: true, force: true }));
    const assembly = synthesize(folder, changed);
    const changedResources = readResources(assembly.template, fauxqs.endpoint);
    assertDeployable(changedResources);
    assertSameShape(resources, changedResources);
    const now = hostedFunctions({ ...hosting, resources: changedResources, assets: assembly.assets });
    publishVersions(changedResources, now, versions);
    await Promise.all([...now].map(([id, one]) => find.byId(id).replace(one)));
    await runTriggers(changedResources, find);
  };
  const running = cleanup.move();
  const stop = () => running.disposeAsync();
  return {
    url: api.url,
    adminUrl: admin.endpoint,
    status,
    ...caller,
    connection: { endpoint: api.url, ...caller },
    environment: {
      AWS_ACCESS_KEY_ID: caller.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: caller.credentials.secretAccessKey,
      AWS_REGION: caller.region,
    },
    clients,
    tableNames: resources.tables.map(({ id }) => id),
    bucketNames: resources.buckets.map(({ id }) => bucketName(id)),
    queueUrls: Object.fromEntries(resources.queues.map(({ id, label }) => [label, queueUrlOf(id)])),
    ledger,
    invocations: () => Object.fromEntries(functions.map(({ label, invocations }) => [label, invocations])),
    deploy,
    invoke: (functionName, event = {}) => find.byLabel(functionName).invoke(event),
    fireSchedule: (schedule, atMs = Date.now()) => schedules.fire(schedule, atMs),
    killWorker: (functionName) => find.byLabel(functionName).killBusyWorker(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** By the name that workflows use; a secret's construct has the same. */
const secretValue = (name: string, values: LocalStackOptions['secretValues']): string | undefined =>
  values === undefined ? process.env[secretVariable(name)] : values[name];

/** Only functions are replaced in place. */
function assertSameShape(before: LocalResources, after: LocalResources): void {
  for (const kind of ['functions', 'tables', 'queues', 'buckets', 'eventSources', 'routes'] as const) {
    const ids = (resources: LocalResources) => resources[kind].map(({ id }) => id).sort();
    if (!isDeepStrictEqual(ids(before), ids(after)))
      throw new FanjoinError(
        'DEPLOYMENT_FAILED',
        `The ${kind} are others: the local stack deploys anew only code and settings`,
      );
  }
}

/** What a deployment invokes, and fails with. */
async function runTriggers({ triggers }: LocalResources, find: FunctionFinder): Promise<void> {
  for (const { label, properties } of triggers) {
    const outcome = await find.byArn(properties.HandlerArn).invoke({});
    if (!outcome.ok) throw new FanjoinError('DEPLOYMENT_FAILED', `${label} failed: ${outcome.reason}`);
  }
}

/** One after another, those that are needed first before: together they would all be late. */
async function warmUp(functions: readonly LocalFunction[]): Promise<void> {
  for (const one of functions) await one.warm();
}

const throwAwayCredentials = (): AwsCredentials => ({
  accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
});

function routesOf({ routes, integrations }: LocalResources, find: FunctionFinder) {
  return routes.map(({ id, properties: { AuthorizationType, RouteKey, Target } }) => {
    const integration = integrations.find((candidate) => Target === `integrations/${candidate.id}`);
    if (integration === undefined)
      throw new FanjoinError('UNKNOWN_REFERENCE', `${id}: there is no integration ${Target}`);
    const target = find.byArn(integration.properties.IntegrationUri);
    return { routeKey: RouteKey, target, authorization: AuthorizationType };
  });
}

function printLine(line: string): void {
  if (!line.includes('{"_aws":{')) process.stderr.write(`${line}\n`);
}
