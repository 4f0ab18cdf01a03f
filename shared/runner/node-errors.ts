import type { Issue } from '../errors.ts';
import { type ErrorInfo, NODE_ABORTED } from '../model/result.ts';

/** How attempts fail other than by a handler's own error. Names are what retry and catch patterns match. */
export const nodeErrors = {
  unknownHandler: (type: string, known: readonly string[]): ErrorInfo => ({
    name: 'UnknownHandler',
    code: 'UNKNOWN_HANDLER',
    message: `No handler is registered under '${type}'. Registered: ${known.join(', ') || 'none'}`,
  }),
  invalidInput: (node: string, issues: readonly Issue[]): ErrorInfo => ({
    name: 'InvalidNodeInput',
    code: 'INVALID_NODE_INPUT',
    message: `The input of node '${node}' does not fit its handler's schema: ${list(issues)}`,
  }),
  invalidOutput: (node: string, issues: readonly Issue[], code: 'INVALID_NODE_OUTPUT' | 'NOT_JSON'): ErrorInfo => ({
    name: 'InvalidNodeOutput',
    code,
    message: `The output of node '${node}' ${code === 'NOT_JSON' ? 'is no JSON' : "does not fit its handler's schema"}: ${list(issues)}`,
  }),
  secretInOutput: (node: string, secret: string, path: string): ErrorInfo => ({
    name: 'SecretInOutput',
    code: 'SECRET_IN_OUTPUT',
    message: `The output of node '${node}' holds the secret '${secret}'${path === '' ? '' : ` at ${path}`}; outputs are stored and handed on, so give something else`,
  }),
  secretInItems: (node: string, secret: string, path: string): ErrorInfo =>
    nodeErrors.invalidItems(
      node,
      `hold the secret '${secret}' at ${path}; items are stored, so give it to their handler by itemInput`,
    ),
  timedOut: (node: string, timeoutSeconds: number): ErrorInfo => ({
    name: 'NodeTimedOut',
    code: 'NODE_TIMED_OUT',
    message: `The node '${node}' did not settle within ${timeoutSeconds} s`,
  }),
  aborted: (node: string, cause: ErrorInfo | undefined): ErrorInfo => ({
    name: 'NodeAborted',
    code: NODE_ABORTED,
    message: `The node '${node}' was stopped with its execution`,
    ...(cause !== undefined && { cause }),
  }),
  crashed: (node: string, receiveCount: number): ErrorInfo => ({
    name: 'RunnerCrashed',
    code: 'RUNNER_CRASHED',
    message: `The node '${node}' was delivered ${receiveCount} times and never settled; its runner crashed, ran out of memory or was timed out each time`,
  }),
  handlersGone: (node: string, version: string | undefined): ErrorInfo => ({
    name: 'HandlersVersionGone',
    code: 'HANDLERS_VERSION_GONE',
    message:
      `The node '${node}' is pinned to the version ${version} of the node runner, which is deleted. ` +
      "Redrive the execution with { handlers: 'latest' } to go on by the handlers there are now",
  }),
  unknownNext: (node: string, target: string): ErrorInfo => ({
    name: 'UnknownNextNode',
    code: 'UNKNOWN_NEXT_NODE',
    message: `The node '${node}' went on to '${target}', which does not exist`,
  }),
  noChoiceMatched: (node: string): ErrorInfo => ({
    name: 'NoChoiceMatched',
    code: 'NO_CHOICE_MATCHED',
    message: `No choice of node '${node}' is true and it has no next; add next, or a choice that covers the rest`,
  }),
  invalidItems: (node: string, problem: string): ErrorInfo => ({
    name: 'InvalidMapItems',
    code: 'INVALID_MAP_ITEMS',
    message: `The items of map '${node}' ${problem}`,
  }),
  toleratedExceeded: (
    node: string,
    failed: number,
    items: number,
    tolerated: number,
    first: ErrorInfo | undefined,
  ): ErrorInfo => ({
    name: 'ToleratedFailureExceeded',
    code: 'TOLERATED_FAILURE_EXCEEDED',
    message: `${failed} of ${items} items of map '${node}' failed; ${tolerated} may`,
    ...(first !== undefined && { cause: first }),
  }),
} as const;

/** A long list in a wrong shape has an issue for each member; the result must still fit an item. */
const MAX_LISTED = 10;
const MAX_LISTED_CHARACTERS = 500;

function list(issues: readonly Issue[]): string {
  const listed = issues
    .slice(0, MAX_LISTED)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`).slice(0, MAX_LISTED_CHARACTERS));
  const more = issues.length > MAX_LISTED ? [`and ${issues.length - MAX_LISTED} more`] : [];
  return [...listed, ...more].join('; ');
}
