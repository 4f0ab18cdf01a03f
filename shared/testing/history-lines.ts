import type { EventOf, ExecutionEvent } from '../observability/execution-event.ts';

/** An event in a line: `charge failed (attempt 1, GatewayBusy), again in 1000 ms`. */
export function historyLine(event: ExecutionEvent): string {
  switch (event.type) {
    case 'ExecutionStarted':
      return `started${detail(event.cachedFrom !== undefined && 'cached', event.checkpointId !== undefined && 'from a checkpoint')}`;
    case 'NodeStarted':
      return `${nodeOf(event)} started${detail(event.attempt > 1 && `attempt ${event.attempt}`)}`;
    case 'NodeRetryScheduled':
      return `${nodeOf(event)} failed${detail(`attempt ${event.attempt}`, event.error.name)}, again in ${event.nextAttemptAtMs - event.atMs} ms`;
    case 'NodeSucceeded':
      return `${nodeOf(event)} succeeded${detail(attempts(event), special(event), event.error?.name)}`;
    case 'NodeFailed':
      return `${nodeOf(event)} failed${detail(attempts(event), event.error.name)}`;
    case 'NodeSkipped':
      return `${nodeOf(event)} skipped`;
    case 'MapPlanned':
      return `${nodeOf(event)} planned${detail(counted(event.items, 'item'), event.chunks !== event.items && counted(event.chunks, 'chunk'))}`;
    case 'ChunkSettled':
      return `${nodeOf(event)} settled${detail(attempts(event), event.failedItems > 0 && `${counted(event.failedItems, 'item')} failed`)}`;
    case 'ExecutionPaused':
      return 'paused';
    case 'ExecutionResumed':
      return 'resumed';
    case 'ExecutionRedriven':
      return 'redriven';
    case 'ExecutionStopping':
      return `stopping (${event.reason})`;
    case 'ExecutionEnded':
      return ending(event);
  }
}

/** `check`, `poll #2` at its second visit, `check[3]` for a map's chunk. */
function nodeOf({ nodeId, visit, ...rest }: { nodeId: string; visit: number; chunk?: number | undefined }): string {
  const chunk = rest.chunk === undefined ? '' : `[${rest.chunk}]`;
  return `${nodeId}${chunk}${visit > 1 ? ` #${visit}` : ''}`;
}

const attempts = ({ attempts }: { attempts: number }) => attempts > 1 && `attempt ${attempts}`;

/** What a handler gave itself, or the engine for a node without one, is nothing special. */
const special = ({ source }: EventOf<'NodeSucceeded'>) => source !== 'handler' && source !== 'engine' && source;

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

function ending({ status, error, failedNode }: EventOf<'ExecutionEnded'>): string {
  const words = status.toLowerCase().replace('_', ' ');
  if (error === undefined || status === 'CANCELLED' || status === 'TIMED_OUT') return words;
  return `${words}${detail(failedNode === undefined ? error.name : `${error.name} at ${failedNode}`)}`;
}

function detail(...parts: readonly (string | false | undefined)[]): string {
  const said = parts.filter((part) => typeof part === 'string');
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

/** Stands for any number of lines. */
const ANY = '…';

/** Puts the lines that they stand for in place of dots; what does not fit stays as it is, for a comparison to show. */
export function fillIn(expected: readonly string[], actual: readonly string[]): string[] {
  const filled: string[] = [];
  let position = 0;
  const blocks = blocksOf(expected);
  for (const [index, block] of blocks.entries()) {
    const lastStart = actual.length - block.length;
    const from = index === blocks.length - 1 ? Math.max(position, lastStart) : position;
    const until = index === 0 ? 0 : lastStart;
    const found = startOf(block, actual, from, until);
    if (found === undefined) {
      filled.push(...(index === 0 ? [] : [ANY]), ...block);
      position += block.length;
    } else {
      filled.push(...actual.slice(position, found), ...block);
      position = found + block.length;
    }
  }
  return filled;
}

/** The lines between dots. */
function blocksOf(lines: readonly string[]): string[][] {
  const blocks: string[][] = [];
  let block: string[] = [];
  for (const line of [...lines, ANY]) {
    if (line !== ANY) block.push(line);
    else {
      blocks.push(block);
      block = [];
    }
  }
  return blocks;
}

function startOf(block: readonly string[], lines: readonly string[], from: number, until: number): number | undefined {
  for (let start = from; start <= until; start++)
    if (block.every((line, index) => lines[start + index] === line)) return start;
  return undefined;
}
