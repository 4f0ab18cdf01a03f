import type { Json } from '../model/json.ts';
import type { S3Trigger } from '../model/trigger.ts';

const DETAIL_TYPES = { created: 'Object Created', deleted: 'Object Deleted' } as const;

/**
 * The events of S3 that a trigger waits for, as a pattern of EventBridge.
 * @param bucket the bucket's own name; `undefined`: any bucket's
 */
export function objectPattern({ prefix, suffix, events = ['created'] }: S3Trigger, bucket: string | undefined) {
  const key = keyRule(prefix, suffix);
  const detail: { [key: string]: Json } = {
    ...(bucket !== undefined && { bucket: { name: [bucket] } }),
    ...(key !== undefined && { object: { key: [key] } }),
  };
  return {
    source: ['aws.s3'],
    'detail-type': events.map((event) => DETAIL_TYPES[event]),
    ...(Object.keys(detail).length > 0 && { detail }),
  };
}

/** Of two rules in a list either would do: both at once are a wildcard. */
function keyRule(prefix: string | undefined, suffix: string | undefined): Json | undefined {
  if (prefix !== undefined && suffix !== undefined) return { wildcard: `${asItIs(prefix)}*${asItIs(suffix)}` };
  if (prefix !== undefined) return { prefix };
  return suffix === undefined ? undefined : { suffix };
}

const asItIs = (text: string): string => text.replace(/[\\*]/g, '\\$&');
