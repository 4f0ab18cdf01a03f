import type { z } from 'zod';
import { toJson } from '../core/json.ts';
import { zodIssues } from '../core/zod-issues.ts';
import { asItIs, InvalidInputError, type Issue, type Redact, toErrorInfo } from '../errors.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo } from '../model/result.ts';
import type { AnyHandler } from '../nodes/define-node.ts';
import type { NodeContext } from '../nodes/node-context.ts';
import { NodeResult } from '../nodes/node-result.ts';
import type { Redactor } from '../observability/redactor.ts';
import type { Clock } from '../ports/clock.ts';
import { nodeErrors } from './node-errors.ts';

/** How long a handler may go on once its execution stops; what it returns until then still counts. */
const SETTLE_MS = 10_000;

export type AttemptOutcome =
  | {
      readonly isSuccess: true;
      readonly output: Json;
      readonly nextNodeId?: string;
      readonly conditionalNext?: string;
      /** Nothing ran: an earlier success stands for it. */
      readonly isCached?: boolean;
    }
  | {
      readonly isSuccess: false;
      readonly error: ErrorInfo;
      /** What the error itself says of being retried. */
      readonly retryable?: boolean;
      /** Its execution stopped: no retry, fallback or catch. */
      readonly isAborted?: boolean;
    };

export interface AttemptOptions {
  readonly handler: AnyHandler;
  readonly input: Json;
  readonly context: Omit<NodeContext, 'signal'>;
  /** Knows the secrets in `input` and `context`: nothing that is told of the attempt holds one. */
  readonly redactor?: Redactor;
  readonly timeoutSeconds: number;
  /** Aborts when the execution stops. */
  readonly stop: AbortSignal;
  readonly clock: Clock;
}

/** A way to call a handler once. What it throws is the runner's own trouble: the message comes again. */
export type Attempt = (options: AttemptOptions) => Promise<AttemptOutcome>;

/**
 * Calls a handler once: input checked, under its timeout and the execution's signal, output checked. Never throws.
 * A handler that ignores its signal is left behind; what it does later is not looked at.
 */
export async function attempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const { handler, input, context, redactor } = options;
  const { nodeId } = context;
  const redact = redactor?.text ?? asItIs;
  try {
    const accepted = await check(handler.input, input, redact);
    if ('issues' in accepted) return failure(nodeErrors.invalidInput(nodeId, accepted.issues));
    const controller = new AbortController();
    const returned = await settle(
      controller,
      () => handler.execute(accepted.data, { ...context, signal: controller.signal }),
      { ...options, nodeId, redact },
    );
    if ('outcome' in returned) return returned.outcome;
    const { value } = returned;
    if (!(value instanceof NodeResult)) return await finish(options, value, {});
    if (!value.success)
      return thrown(value.error ?? new Error(`The node '${nodeId}' reported a failure without an error`), redact);
    return await finish(options, value.output, {
      ...(value.nextNodeId !== undefined && { nextNodeId: value.nextNodeId }),
      ...(value.conditionalNext !== undefined && { conditionalNext: value.conditionalNext }),
    });
  } catch (error) {
    // A schema's own code and an output's `toJSON` and getters are the handler's code too.
    return thrown(error, redact);
  }
}

async function finish(
  { handler, context: { nodeId }, redactor }: AttemptOptions,
  value: unknown,
  route: { nextNodeId?: string; conditionalNext?: string },
): Promise<AttemptOutcome> {
  const redact = redactor?.text ?? asItIs;
  const checked = await check(handler.output, value, redact);
  if ('issues' in checked) return failure(nodeErrors.invalidOutput(nodeId, checked.issues, 'INVALID_NODE_OUTPUT'));
  try {
    const output = toJson(checked.data, `the output of node '${nodeId}'`);
    const secret = redactor?.find(output) ?? redactor?.find(route);
    if (secret !== undefined) return failure(nodeErrors.secretInOutput(nodeId, secret.name, secret.path));
    return { isSuccess: true, output, ...route };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return failure(nodeErrors.invalidOutput(nodeId, error.issues.map(redacted(redact)), 'NOT_JSON'));
  }
}

async function check(
  schema: z.ZodType | undefined,
  value: unknown,
  redact: Redact,
): Promise<{ data: unknown } | { issues: readonly Issue[] }> {
  if (schema === undefined) return { data: value };
  const parsed = await schema.safeParseAsync(value);
  if (parsed.success) return { data: parsed.data };
  const found = parsed.error.issues.map(({ path }) => shown(path.reduce(memberOf, value), redact));
  return {
    issues: zodIssues(parsed.error)
      .map(redacted(redact))
      .map((issue, at) => ({ ...issue, message: `${issue.message} (it is ${found[at]})` })),
  };
}

/** Before anything is shortened: a cut secret could not be told any more. */
const redacted =
  (redact: Redact) =>
  (issue: Issue): Issue => ({ ...issue, path: redact(issue.path), message: redact(issue.message) });

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

function shown(value: unknown, redact: Redact): string {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return typeof value;
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
  return value === undefined ? 'absent' : redact(JSON.stringify(value)).slice(0, 60);
}

const failure = (error: ErrorInfo): AttemptOutcome => ({ isSuccess: false, error });

function thrown(error: unknown, redact: Redact): AttemptOutcome {
  const mark = typeof error === 'object' && error !== null && 'retryable' in error ? error.retryable : undefined;
  return { isSuccess: false, error: toErrorInfo(error, redact), ...(typeof mark === 'boolean' && { retryable: mark }) };
}

interface Bounds {
  readonly nodeId: string;
  readonly redact: Redact;
  readonly timeoutSeconds: number;
  readonly stop: AbortSignal;
  readonly clock: Clock;
}

/** The handler's value, or the outcome when it threw, ran out of time, or was stopped. */
function settle(
  controller: AbortController,
  execute: () => unknown,
  { nodeId, redact, timeoutSeconds, stop, clock }: Bounds,
): Promise<{ value: unknown } | { outcome: AttemptOutcome }> {
  return new Promise((resolve) => {
    let cancelSettle: (() => void) | undefined;
    const aborted = (cause?: ErrorInfo): AttemptOutcome => ({
      isSuccess: false,
      error: nodeErrors.aborted(nodeId, cause),
      isAborted: true,
    });
    const done = (result: { value: unknown } | { outcome: AttemptOutcome }) => {
      cancelTimeout();
      cancelSettle?.();
      stop.removeEventListener('abort', onStop);
      resolve(result);
    };
    const onStop = () => {
      controller.abort();
      cancelSettle = clock.after(SETTLE_MS, () => done({ outcome: aborted() }));
    };
    const cancelTimeout = clock.after(timeoutSeconds * 1000, () => {
      done({ outcome: stop.aborted ? aborted() : failure(nodeErrors.timedOut(nodeId, timeoutSeconds)) });
      controller.abort();
    });
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
    // An async wrapper also turns what a handler throws at once into a rejection.
    (async () => execute())().then(
      (value) => done({ value }),
      (error: unknown) => done({ outcome: stop.aborted ? aborted(toErrorInfo(error, redact)) : thrown(error, redact) }),
    );
  });
}
