import * as z from 'zod';
import { Advance, DEFAULT_ADVANCE } from '../shared/model/config.ts';
import { Pools } from '../shared/model/pools.ts';
import { Runners } from '../shared/model/runners.ts';
import { SecretName } from '../shared/model/secret-reference.ts';
import { TriggerTarget } from '../shared/model/trigger-message.ts';

const jsonText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue('is not JSON');
    return z.NEVER;
  }
});

/** What the stack tells a function by its environment. */
const Environment = z.object({
  TABLE_NAME: z.string().min(1),
  BUCKET_NAME: z.string().min(1),
  /** A JSON object: queue URL by pool. Functions that send nothing have none. */
  QUEUE_URLS: jsonText.pipe(z.record(z.string(), z.url())).default({}),
  /** The API's only. A JSON object: by pool, the URL of the queue with what could not even be settled. */
  UNSETTLED_URLS: jsonText.pipe(z.record(z.string(), z.url())).default({}),
  /** The API's only. URL of the queue with the stream records that were given up. */
  GIVEN_UP_URL: z.string().default(''),
  /** The API's only. A JSON object: URLs of the queue that triggers' events wait on, and of those that started nothing. */
  EVENT_QUEUE_URLS: jsonText.pipe(z.object({ queue: z.url(), dead: z.url() })).optional(),
  /** The API's only. ARN of the table's stream, to read again what was given up. */
  STREAM_ARN: z.string().default(''),
  /** The API's only. ARN of the observer: what others were given concerns the scheduler. */
  OBSERVER_ARN: z.string().optional(),
  /** A JSON object: the named pools, as their sizes. */
  POOLS: jsonText.pipe(Pools).default({}),
  /** A JSON object: ARN by name, of the secrets that handlers may be given. */
  SECRET_ARNS: jsonText.pipe(z.record(SecretName, z.string().min(1))).default({}),
  /** A JSON array: the names of these secrets. */
  SECRET_NAMES: jsonText.pipe(z.array(SecretName)).default([]),
  /** The trigger's only. A JSON array: whom queues of the application start. */
  TRIGGER_QUEUES: jsonText.pipe(z.array(TriggerTarget.extend({ queueArn: z.string().min(1) }))).default([]),
  /** Changes with the handlers' code: outputs of workflows that opt into the cache are not reused across it. */
  HANDLERS_VERSION: z.string().default(''),
  /** The API's only. A JSON object: by pool, the ARN of the published version of its runner with this code. */
  RUNNER_VERSIONS: jsonText.pipe(z.record(z.string(), z.string())).default({}),
  ADVANCE: Advance.default(DEFAULT_ADVANCE),
  /** Where spans go, by the names that OpenTelemetry gave them. Either says that there is somebody to trace for. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url().optional(),
  /** The bus that lifecycle events go on. Absent: they are not sent. */
  EVENT_BUS_ARN: z.string().min(1).optional(),
  /** What it is told: of executions and nodes that failed, or of all nodes. */
  LIFECYCLE_EVENTS: z.enum(['none', 'executions', 'nodes']).optional(),
  /** How long executions are kept after their end. Absent: for good. */
  EXECUTION_RETENTION_SECONDS: z.coerce.number().int().positive().optional(),
  /** Where CloudWatch puts metrics. Absent: there are none. */
  POWERTOOLS_METRICS_NAMESPACE: z.string().min(1).optional(),
  /** A JSON object: by pool, what runs its nodes; of those that share the node runner, `default` alone. */
  RUNNERS: jsonText.pipe(Runners).default({}),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('warn'),
});

/** Parsed once when the function starts: a stack that wires it wrongly fails there, naming the variable. */
export const environment = Environment.parse(process.env);

export const retentionMs =
  environment.EXECUTION_RETENTION_SECONDS === undefined ? undefined : environment.EXECUTION_RETENTION_SECONDS * 1_000;

export const exportsSpans =
  environment.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined || environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined;
