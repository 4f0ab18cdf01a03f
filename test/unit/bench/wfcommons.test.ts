import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import { instanceDefinition, parseInstance } from '../../support/wfcommons.ts';

const task = (id: string, parents: string[] = [], children: string[] = []) => ({ name: id, id, parents, children });
const ran = (id: string, runtimeInSeconds = 1) => ({ id, runtimeInSeconds });

function anInstance({ tasks = [task('a')], execution = { tasks: tasks.map(({ id }) => ran(id)) } as object } = {}) {
  return { name: 'x', schemaVersion: '1.5', workflow: { specification: { tasks }, execution } };
}
const parse = (instance: unknown) => parseInstance(JSON.stringify(instance), 'x.json');

describe('an instance of WfCommons', () => {
  it('is read: its tasks, parents, runtimes and makespan', () => {
    const file = join(import.meta.dirname, '../../bench/instances/thumbnails.json');

    expect(parseInstance(readFileSync(file, 'utf8'), file)).toEqual({
      name: 'thumbnails',
      hasRuntimes: true,
      makespanSeconds: 6.5,
      tasks: [
        { id: 'list:1', parents: [], runtimeSeconds: 0.5 },
        { id: 'shrink:1', parents: ['list:1'], runtimeSeconds: 2.25 },
        { id: 'shrink:2', parents: ['list:1'], runtimeSeconds: 4 },
        { id: 'page', parents: ['shrink:1', 'shrink:2'], runtimeSeconds: 1 },
      ],
    });
  });

  it('of version 1.3 or 1.4 names parents by name, and tells runtimes with the tasks', () => {
    const workflow = {
      makespan: 9,
      tasks: [
        { name: 'split_ID01', id: 'ID01', runtime: 2, parents: [] },
        { name: 'merge', id: 'ID02', runtimeInSeconds: 3, parents: ['split_ID01'] },
      ],
    };

    for (const schemaVersion of ['1.3', '1.4'])
      expect(parse({ name: 'x', schemaVersion, workflow })).toEqual({
        name: 'x',
        hasRuntimes: true,
        makespanSeconds: 9,
        tasks: [
          { id: 'split_ID01', parents: [], runtimeSeconds: 2 },
          { id: 'merge_ID02', parents: ['split_ID01'], runtimeSeconds: 3 },
        ],
      });
  });

  it('may tell a dependency at either end, and at both', () => {
    const tasks = [task('a', [], ['b', 'c']), task('b', ['a']), task('c')];

    const parsed = parse(anInstance({ tasks }));

    expect(parsed.tasks.map(({ parents }) => parents)).toEqual([[], ['a'], ['a']]);
  });

  it('that was specified and never run takes no time', () => {
    const { execution: _, ...workflow } = anInstance().workflow;

    const parsed = parse({ ...anInstance(), workflow });

    expect(parsed.hasRuntimes).toBe(false);
    expect(parsed.tasks).toEqual([{ id: 'a', parents: [], runtimeSeconds: 0 }]);
  });

  it('becomes a workflow that compiles, whatever its ids are', () => {
    const tasks = [task('NF.core/x:1#a'), task('2nd task', ['NF.core/x:1#a'])];
    const node = ({ runtimeSeconds }: { runtimeSeconds: number }) => ({ handler: 'wait', input: runtimeSeconds });

    const definition = instanceDefinition(parse(anInstance({ tasks })), { name: 'instance', config: {}, node });

    expect(compile(definition).definition.nodes).toMatchObject({
      task0: { dependsOn: [], input: 1 },
      task1: { dependsOn: ['task0'], input: 1 },
    });
  });
});

describe('what is no instance that can be replayed is refused, saying which file, where, and what to do', () => {
  it.each([
    ['no JSON', '{', /^x\.json: is not JSON .* should be an instance in WfFormat/],
    ['another format', '[]', /^x\.json: the file: .* WfFormat is told at/],
    [
      'an older version',
      JSON.stringify({ ...anInstance(), schemaVersion: '1.1' }),
      /schemaVersion is '1\.1', and 1\.3, 1\.4, 1\.5, 1\.6 can be read\. Migrate/,
    ],
    [
      'a wrong field',
      JSON.stringify(anInstance({ execution: { tasks: [{ id: 'a', runtimeInSeconds: '3 s' }] } })),
      /^x\.json: workflow\.execution\.tasks\.0\.runtimeInSeconds: .*expected number/,
    ],
    [
      'no tasks',
      JSON.stringify(anInstance({ tasks: [], execution: { tasks: [] } })),
      /workflow\.specification\.tasks: /,
    ],
    [
      'an unknown parent',
      JSON.stringify(anInstance({ tasks: [task('a', ['z'])] })),
      /'z', in 'parents' of the task 'a', is no task\. Correct it/,
    ],
    [
      'an id twice',
      JSON.stringify(anInstance({ tasks: [task('a'), task('a')] })),
      /two tasks have the id 'a'\. Give one of them/,
    ],
    [
      'a task without a runtime',
      JSON.stringify(anInstance({ execution: { tasks: [] } })),
      /workflow\.execution\.tasks has none with the id 'a', .*Add it with its runtimeInSeconds/,
    ],
    [
      'a circle',
      JSON.stringify(anInstance({ tasks: [task('a', ['b']), task('b', ['a'])] })),
      /no order holds for 2 tasks .* 'a' among them\. Take one/,
    ],
  ])('%s', (_what, text, message) => {
    expect(() => parseInstance(text, 'x.json')).toThrow(message);
  });
});
