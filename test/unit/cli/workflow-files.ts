import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './cli-process.ts';

const IMPORTS = `
import { existsSync, appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineNode } from '${ROOT}shared/nodes/define-node.ts';
import { defineWorkflow } from '${ROOT}shared/nodes/define-workflow.ts';
`;

/**
 * A workflow \`first → gated → last\` whose middle node waits for a file called \`gate\` beside it. Each handler notes its
 * node in the file \`ran\`.
 */
export function writeGatedWorkflow(folder: string): string {
  return write(
    folder,
    'gated.ts',
    `${IMPORTS}
const here = (name: string) => import.meta.dirname + '/' + name;
const note = (nodeId: string) => appendFileSync(here('ran'), nodeId + '\\n');
const first = defineNode({ type: 'first', execute: (_input: unknown, { nodeId }) => { note(nodeId); return { text: 'é'.repeat(10_000), list: [1, 2, 3] }; } });
const gated = defineNode({ type: 'gated', execute: async (input: unknown, { nodeId, signal }) => {
  note(nodeId);
  while (!existsSync(here('gate'))) await sleep(20, undefined, { signal });
  return input;
} });
const last = defineNode({ type: 'last', execute: (input: unknown, { nodeId }) => { note(nodeId); return { input, done: true }; } });
export default defineWorkflow({ name: 'gated', strategy: 'sequential', nodes: { first: { handler: first }, gated: { handler: gated }, last: { handler: last } } });
`,
  );
}

/** A workflow of one node with the given body of its handler, which sees \`input\` and \`context\`. */
export function writeOneNodeWorkflow(folder: string, body: string, more = ''): string {
  return write(
    folder,
    'one.ts',
    `${IMPORTS}
const only = defineNode({ type: 'only', execute: async (input: unknown, context) => { ${body} } });
export default defineWorkflow({ name: 'one', nodes: { only: { handler: only } } });
${more}
`,
  );
}

export function write(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}
