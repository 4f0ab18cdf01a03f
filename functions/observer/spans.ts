import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { SpanExport } from '../../shared/tracing/span-export.ts';
import { exportsSpans } from '../environment.ts';
import { clock, logger } from './runtime.ts';

/** How long a batch waits for the collector, at the most. */
const FLUSH_MS = 5_000;

const spans = exportsSpans
  ? new SpanExport({ load: async () => (await import('./otlp.ts')).sendByOtlp, clock, logger })
  : undefined;

/** Exports the spans that changes tell of, before the function is frozen. Never throws. */
export async function exportSpans(records: readonly ChangeRecord[]): Promise<void> {
  if (spans === undefined) return;
  spans.hear(records);
  await spans.flush(FLUSH_MS);
}
