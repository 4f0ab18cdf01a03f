import { context, trace } from '@opentelemetry/api';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { registerAsyncContext } from './async-context.ts';

// As an application does that has OpenTelemetry of its own.
registerAsyncContext();

/** What the tests of tracing run on the functions. */
export const handlers = [
  defineNode({
    type: 'span',
    execute: async () => {
      await Promise.resolve();
      return trace.getSpanContext(context.active())?.spanId ?? null;
    },
  }),
  defineNode({
    type: 'flaky',
    execute: (_input, { attempt }) => {
      if (attempt === 1) throw new TypeError('the card 4111-1111 is refused');
      return attempt;
    },
  }),
  defineNode({
    type: 'fail',
    execute: () => {
      throw new TypeError('the card 4111-1111 is refused');
    },
  }),
];
