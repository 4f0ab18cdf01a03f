import { randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './emulators.ts';

/** An event as EventBridge hands it to the targets of a rule. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** In whole seconds: `2026-01-31T12:00:00Z`. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export const toBusEvent = ({
  atMs,
  ...event
}: Pick<BusEvent, 'source' | 'detail-type' | 'resources' | 'detail'> & { readonly atMs: number }): BusEvent => ({
  version: '0',
  id: randomUUID(),
  account: LOCAL_ACCOUNT,
  region: LOCAL_REGION,
  time: `${new Date(atMs).toISOString().slice(0, -'.000Z'.length)}Z`,
  ...event,
});
