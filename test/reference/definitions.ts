import type { DefinitionInput } from '../../shared/model/definition.ts';

type Node = DefinitionInput['nodes'][string];

/** Gives what it receives, so that it can be seen. */
export const given = (fields: object = {}): Node => ({ type: 'transform', output: '{% $ %}', ...fields });

/** Asks the service at the workflow input's `url`. */
export const called = (fields: object = {}): Node => ({
  handler: 'test.call',
  input: { url: '{% $input.url %}' },
  ...fields,
});

/** Fails with an error of this name. */
export const failing = (name: string, fields: object = {}): Node => ({
  handler: 'test.behave',
  input: { behaviour: { fail: name } },
  ...fields,
});
