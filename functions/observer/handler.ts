import type { DynamoDBStreamEvent } from 'aws-lambda';
import { toChangeRecord } from '../../shared/adapters/aws/stream-record.ts';
import { Observer } from '../../shared/observability/observer.ts';
import type { Pulse } from '../../shared/observability/pulse.ts';
import { cloudWatch } from '../cloudwatch.ts';
import { openLifecycle } from './lifecycle.ts';
import { observeBatch, type StreamWindow, type StreamWindowResponse } from './observe-batch.ts';
import { logger, store } from './runtime.ts';
import { exportSpans } from './spans.ts';

/** A batch of a stream whose event source has a tumbling window. The types of `aws-lambda` have it for Kinesis only. */
export type StreamWindowEvent = DynamoDBStreamEvent & StreamWindow;

const lifecycle = await openLifecycle();
const parts = {
  store,
  observer: new Observer(store),
  logger,
  lifecycle,
  exportSpans,
  tellPulse: cloudWatch && ((pulse: Pulse) => cloudWatch?.tellPulse(pulse)),
};

export const handler = (event: StreamWindowEvent): Promise<StreamWindowResponse> =>
  observeBatch(parts, event.Records.map(toChangeRecord), event);
