import type { ChangeRecord } from '../ports/change-feed.ts';
import { itemType } from '../store/keys.ts';

/**
 * Whether a change is one the scheduler acts on: a start nobody handed off, a flag of an open execution, an outcome that
 * somebody has to go on from. On AWS the stream's filter says the same.
 */
export function concernsScheduler({ key, before, after }: ChangeRecord): boolean {
  if (after === undefined) return false;
  if (itemType(key.sk) !== 'META') return after.advance === 1;
  if (after.status !== 'RUNNING' && after.status !== 'PAUSED') return false;
  return before !== undefined || after.isHandedOff !== true;
}
