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

const RULES = ['all_failed', 'all_done', 'all_done', 'any_success', 'any_failed', 'none_failed'] as const;

export function randomGraph(
  random: Random,
  seed: number,
  strategy: 'parallel' | 'sequential',
  maxNodes: number,
): RandomWorkflow {
  const count = random.int(1, Math.max(1, maxNodes));
  const ids = NODE_IDS.slice(0, count);
  const flags: Record<string, boolean> = {};
  const items: Record<string, Json> = {};
  const nodes: Record<string, Node> = {};
  for (const [index, id] of ids.entries()) {
    const parents =
      strategy === 'sequential' ? ids.slice(Math.max(0, index - 1), index) : randomParents(random, ids.slice(0, index));
    const rule = strategy === 'parallel' && parents.length > 0 && random.chance(0.45) ? random.pick(RULES) : undefined;
    flags[id] = random.chance(0.75);
    items[id] = Array.from({ length: random.int(0, 7) }, () => randomBehaviour(random, 0.15));
    nodes[id] = {
      ...(strategy === 'parallel' && parents.length > 0 && { dependsOn: parents }),
      ...(rule !== undefined && { triggerRule: rule }),
      ...randomRunIf(random, id, parents, rule),
      ...randomWork(random, id, parents, rule),
    };
  }
  // The order in which nodes are written is not the order in which they run.
  const written = strategy === 'sequential' ? [...ids] : random.shuffled(ids);
  const definition = {
    name: `random-${seed >>> 0}`,
    strategy,
    config: randomConfig(random),
    nodes: Object.fromEntries(written.map((id) => [id, nodes[id] ?? {}])),
  } as DefinitionInput;
  return { definition, input: { flags, items, salt: seed } };
}

const randomParents = (random: Random, earlier: readonly string[]): string[] =>
  random.shuffled(earlier).slice(0, random.pick([0, 1, 1, 1, 2, 2, 3, 5]));

const readsParents = (rule: string | undefined): boolean => rule === undefined || !rule.startsWith('any_');

function randomRunIf(random: Random, id: string, parents: readonly string[], rule: string | undefined): Node {
  if (!random.chance(0.2)) return {};
  if (parents.length > 0 && readsParents(rule) && random.chance(0.5))
    return { runIf: `{% $nodes.\`${random.pick(parents)}\`.isOdd %}` };
  return { runIf: `{% $input.flags.\`${id}\` %}` };
}

function randomWork(random: Random, id: string, parents: readonly string[], rule: string | undefined): Node {
  const kind = random.pick(['task', 'task', 'task', 'task', 'transform', 'map']);
  const received = randomReceived(random, parents, rule);
  if (kind === 'transform') return { type: 'transform', output: { is: received ?? 'constant' } };
  const handled: Node = {
    handler: 'test.behave',
    ...randomHandling(random),
    ...(random.chance(0.12) && { catch: [randomCatch(random)] }),
  };
  if (kind === 'task') {
    return {
      ...handled,
      input: { behaviour: randomBehaviour(random, 0.25), ...(received !== undefined && { received }) },
    };
  }
  return {
    type: 'map',
    ...handled,
    items: `{% $input.items.\`${id}\` %}`,
    itemInput: {
      behaviour: '{% $item %}',
      received: random.chance(0.5) || !readsParents(rule) ? '{% $index %}' : ['{% $index %}', '{% $ %}'],
    },
    ...(random.chance(0.6) && { chunkSize: random.int(1, 3) }),
    ...(random.chance(0.3) && { maxConcurrency: random.int(1, 3) }),
    ...(random.chance(0.3) && { toleratedFailureCount: random.int(1, 3) }),
    ...(random.chance(0.3) && { toleratedFailurePercentage: random.pick([20, 50, 100]) }),
  };
}

function randomReceived(random: Random, parents: readonly string[], rule: string | undefined): string | undefined {
  if (!readsParents(rule) || random.chance(0.15)) return undefined;
  if (parents.length > 0 && random.chance(0.2)) {
    const parent = `\`${random.pick(parents)}\``;
    return random.chance(0.5)
      ? `{% $nodes.${parent} %}`
      : `{% $errors.${parent}.name ? $errors.${parent}.name : 'none' %}`;
  }
  return '{% $ %}';
}

const randomCatch = (random: Random): Node => ({
  errors: randomErrorPatterns(random),
  ...(random.chance(0.7) && { output: { caught: '{% $error.name %}' } }),
});
