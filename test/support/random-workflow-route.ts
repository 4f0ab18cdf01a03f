import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import {
  NODE_IDS,
  type RandomWorkflow,
  randomBehaviour,
  randomConfig,
  randomErrorPatterns,
  randomHandling,
} from './random-workflow-parts.ts';
import type { Random } from './random-workflow-source.ts';

type Node = { [field: string]: Json };

/**
 * `next` only goes forward; back go choices and handlers, each for a few visits: so every route ends, at its end or at
 * `maxVisits`.
 */
export function randomRoute(random: Random, seed: number, maxNodes: number): RandomWorkflow {
  const ids = NODE_IDS.slice(0, random.int(1, Math.max(1, maxNodes)));
  const flags = Object.fromEntries(ids.map((id) => [id, random.chance(0.75)]));
  const items = Object.fromEntries(
    ids.map((id) => [id, Array.from({ length: random.int(0, 4) }, () => randomBehaviour(random, 0.1))]),
  );
  const nodes = ids.map((id, index): [string, Node] => [id, randomNode(random, id, index, ids)]);
  const definition = {
    name: `random-${seed >>> 0}`,
    strategy: 'conditional',
    start: ids[0],
    maxVisits: random.int(1, 6),
    config: randomConfig(random),
    nodes: Object.fromEntries(random.shuffled(nodes)),
  } as DefinitionInput;
  return { definition, input: { flags, items, salt: seed } };
}

function randomNode(random: Random, id: string, index: number, ids: readonly string[]): Node {
  const following = ids[index + 1];
  const next =
    following === undefined || random.chance(0.1)
      ? undefined
      : random.chance(0.8)
        ? following
        : random.pick(ids.slice(index + 1));
  const isRouting = random.chance(0.3);
  const target = random.chance(0.1) ? 'nowhere' : random.pick(ids);
  const work = randomWork(
    random,
    id,
    ids,
    isRouting ? { to: target, times: random.int(1, 2), by: random.pick(['nextNodeId', 'conditionalNext']) } : undefined,
  );
  return {
    ...work,
    ...(random.chance(0.15) && { runIf: `{% $input.flags.\`${id}\` %}` }),
    ...(next !== undefined && { next }),
    // Whatever a node goes on to by itself, the one after it must be reachable.
    ...((isRouting || following !== undefined) && {
      mayRouteTo: [
        ...new Set([...(target === 'nowhere' ? [] : [target]), ...(following === undefined ? [] : [following])]),
      ],
    }),
    ...((work.type === 'choice' || (work.type !== 'map' && random.chance(0.25))) && {
      choices: randomChoices(random, ids),
    }),
  };
}

const randomChoices = (random: Random, ids: readonly string[]): Json[] =>
  Array.from({ length: random.int(1, 2) }, () => ({
    when: random.pick([
      '{% $output.visit <= 2 %}',
      '{% $output.isOdd %}',
      '{% $output.visit = 1 and $input.flags.a %}',
    ]),
    next: random.chance(0.2) ? '$end' : random.pick(ids),
  }));

type Route = { readonly to: string; readonly times: number; readonly by: string };

function randomWork(random: Random, id: string, ids: readonly string[], route: Route | undefined): Node {
  const received = random.pick(['{% $ %}', `{% $nodes.\`${random.pick(ids)}\` %}`]);
  const kind = random.pick(['task', 'task', 'task', 'task', 'transform', 'map', 'choice']);
  if (kind === 'transform') return { type: 'transform', output: { is: received } };
  if (kind === 'choice') return { type: 'choice' };
  const handled: Node = {
    handler: 'test.behave',
    ...randomHandling(random),
    ...(random.chance(0.25) && { catch: [randomCatch(random, ids)] }),
  };
  if (kind === 'map') {
    return {
      type: 'map',
      ...handled,
      items: `{% $input.items.\`${id}\` %}`,
      itemInput: { behaviour: '{% $item %}', received },
      chunkSize: random.int(1, 2),
    };
  }
  return {
    ...handled,
    input: {
      behaviour: { ...randomBehaviour(random, 0.15), ...(route !== undefined && { route: { ...route } }) },
      received,
    },
  };
}

const randomCatch = (random: Random, ids: readonly string[]): Node => ({
  errors: random.chance(0.3) ? ['UnknownNextNode'] : randomErrorPatterns(random),
  ...(random.chance(0.6) && { next: random.chance(0.3) ? '$end' : random.pick(ids) }),
  ...(random.chance(0.5) && { output: { caught: '{% $error.name %}', visit: 9 } }),
});
