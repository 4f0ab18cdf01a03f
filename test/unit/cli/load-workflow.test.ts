import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadWorkflow } from '../../../cli/load-workflow.ts';
import { ROOT } from './cli-process.ts';
import { write } from './workflow-files.ts';

const HANDLERS = `
export const one = { type: 'one', version: '1', execute: () => 1 };
export const more = [{ type: 'two', version: '1', execute: () => 2 }, one];
export const other = 'no handler', nothing = null, almost = { type: 'three' };
`;
const YAML = 'name: w\nnodes:\n  a: { handler: one }\n  b: { handler: two, fallback: { handler: one } }\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fanjoin-load-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const load = (path = '.', more: object = {}) => loadWorkflow(path, { cwd: folder, ...more });

describe('a definition in YAML', () => {
  it('takes every handler of the handlers file beside it, by itself or in an array', async () => {
    write(folder, 'workflow.yaml', YAML);
    write(folder, 'handlers.ts', HANDLERS);

    const { file, handlersFile, handlers, plan } = await load();

    expect(handlers.map(({ type }) => type).sort()).toEqual(['one', 'two']);
    expect([file, handlersFile]).toEqual([join(folder, 'workflow.yaml'), join(folder, 'handlers.ts')]);
    expect(plan.nodes).toHaveLength(2);
  });

  it('takes those of --handlers instead', async () => {
    write(folder, 'workflow.yaml', YAML);
    mkdirSync(join(folder, 'src'));
    write(join(folder, 'src'), 'mine.js', HANDLERS);

    const { handlersFile } = await load('workflow.yaml', { handlers: 'src/mine.js' });

    expect(handlersFile).toBe(join(folder, 'src/mine.js'));
  });

  it('whose handlers are missing is refused, each with its place, beside what else is wrong', async () => {
    write(folder, 'workflow.yaml', `${YAML}  c: { handler: three, dependsOn: [x] }\n`);
    write(folder, 'handlers.ts', HANDLERS);

    await expect(load()).rejects.toMatchObject({
      code: 'INVALID_DEFINITION',
      issues: [
        { path: 'nodes.c.dependsOn[0]', line: 5, column: 36 },
        {
          path: 'nodes.c.handler',
          code: 'UNREGISTERED_HANDLER',
          line: 5,
          message: `no handler 'three': handlers.ts exports: one, two`,
        },
      ],
    });
  });

  it('without a handlers file says how to name one', async () => {
    write(folder, 'workflow.yaml', YAML);

    await expect(load()).rejects.toThrow(
      `workflow.yaml:3:8  nodes.a.handler: no handler 'one': there is no handlers.ts beside the workflow`,
    );
  });

  it('needs no handlers where others run it', async () => {
    write(folder, 'workflow.yaml', YAML);

    expect((await load('.', { needsHandlers: false })).handlers).toEqual([]);
  });
});

describe('a module', () => {
  it('without a workflow is refused', async () => {
    write(folder, 'workflow.js', 'export default { nodes: {} };');

    await expect(load()).rejects.toThrow(/has no workflow: its default export must come from defineWorkflow/);
  });

  it('that cannot be loaded says why', async () => {
    write(folder, 'workflow.mjs', `import 'no-such-package';`);

    await expect(load('workflow.mjs')).rejects.toThrow(/workflow.mjs' cannot be loaded: .*no-such-package/);
  });

  it('with an invalid definition has its issues', async () => {
    write(
      folder,
      'workflow.ts',
      `import { defineWorkflow } from '${ROOT}shared/nodes/define-workflow.ts';
       export default defineWorkflow({ name: 'w', nodes: { a: { type: 'transform', output: '{% ( %}' } } });`,
    );

    await expect(load()).rejects.toMatchObject({ code: 'INVALID_DEFINITION', issues: [{ path: 'nodes.a.output' }] });
  });
});

describe('a path', () => {
  it('to a folder with several workflows is unclear', async () => {
    write(folder, 'workflow.yaml', YAML);
    write(folder, 'workflow.json', '{}');

    await expect(load()).rejects.toThrow('has several workflows: workflow.yaml, workflow.json. Name one of them.');
  });

  it.each([
    ['nowhere', /There is no 'nowhere'/],
    ['.', /has no workflow.ts, .js, .yaml, .yml or .json/],
    ['notes.txt', /is no workflow file/],
  ])('%s is refused', async (path, message) => {
    write(folder, 'notes.txt', '');

    await expect(load(path)).rejects.toThrow(message);
  });
});
