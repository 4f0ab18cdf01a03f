import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import type { Pools } from '../../shared/model/pools.ts';
import type { RandomWorkflow } from '../support/random-workflow-parts.ts';
import { Random } from '../support/random-workflow-source.ts';

type Node = { [field: string]: Json };

/** The pool of nodes that may run three at a time. */
export const POOLS: Pools = { narrow: { size: 3 } };

/** What is started last: it receives the output of everything nobody else received. */
const LAST = 'last';
/** Sections begin behind one of so many that were written last: some lie side by side, some one after another. */
const RECENT = 24;

/**
 * A workflow of at least `count` nodes that the seed determines and that succeeds: chains, fan-outs and joins, diamonds,
 * maps (some with outputs over 8 KB, which go to the blobs), retries, fallbacks, catch clauses, absorbed failures,
 * skipped nodes, cached nodes, a narrow pool; with a checkpoint every 50 nodes. `genericHandlers` is all it needs.
 *
 * Outputs are digests of what was received, so that a result that is lost or changed changes the output of the whole.
 */
export function killWorkload(seed: number, count: number): RandomWorkflow {
  const random = new Random(seed);
  const workload = new Workload(random);
  while (workload.size < count - 1) random.pick(SECTIONS)(workload, random);
  workload.end();
  const definition = {
    name: `kills-${seed}`,
    config: { maxParallelNodes: 24, timeoutSeconds: 7_200, enableCheckpoints: true, checkpointInterval: 50 },
    nodes: workload.nodes,
  } as DefinitionInput;
  return { definition, input: { salt: seed, items: workload.items, flags: workload.flags } };
}

class Workload {
  readonly nodes: Record<string, Node> = {};
  readonly items: Record<string, Json> = {};
  readonly flags: Record<string, boolean> = {};
  readonly #random: Random;
  readonly #tails: string[] = [];
  readonly #parents = new Set<string>();
  #size = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a node and gives its id. */
  add(parents: readonly string[], node: Node | ((id: string) => Node)): string {
    const id = `n${this.#size++}`;
    const body = typeof node === 'function' ? node(id) : node;
    this.nodes[id] = { ...(parents.length > 0 && { dependsOn: [...parents] }), ...body };
    for (const parent of parents) this.#parents.add(parent);
    return id;
  }

  /** Where a section begins: behind earlier ones, or at once. */
  head(): string[] {
    if (this.#tails.length === 0 || this.#random.chance(0.1)) return [];
    const recent = this.#tails.slice(-RECENT);
    return this.#random.shuffled(recent).slice(0, this.#random.int(1, 2));
  }

  /** Sections may begin behind it. It must not end as anything but a success. */
  tail(id: string): void {
    this.#tails.push(id);
  }

  end(): void {
    const parents = Object.keys(this.nodes).filter((id) => !this.#parents.has(id));
    this.nodes[LAST] = { dependsOn: parents, triggerRule: 'all_done', ...task({}) };
  }
}

const task = (behaviour: { [field: string]: Json }, more: Node = {}): Node => ({
  handler: 'test.behave',
  input: { behaviour, received: '{% $ %}' },
  ...more,
});

const brief = (random: Random): { [field: string]: Json } => (random.chance(0.3) ? { takesMs: random.int(1, 6) } : {});

const retry = { maxRetries: 3, intervalSeconds: 0.02, backoffRate: 1 };

type Section = (workload: Workload, random: Random) => void;

const chain: Section = (workload, random) => {
  let parents = workload.head();
  for (let left = random.int(3, 10); left > 0; left--) parents = [workload.add(parents, task(brief(random)))];
  for (const last of parents) workload.tail(last);
};

const fanOut: Section = (workload, random) => {
  const head = workload.add(workload.head(), task({}));
  const branches = Array.from({ length: random.int(5, 30) }, () => workload.add([head], task(brief(random))));
  workload.tail(workload.add(branches, task({})));
};

const diamond: Section = (workload, random) => {
  const head = workload.add(workload.head(), task({}));
  const [left, right] = [workload.add([head], task(brief(random))), workload.add([head], task({}))];
  workload.tail(workload.add([left, right], { type: 'transform', output: { is: '{% $ %}' } }));
};

const retries: Section = (workload, random) => {
  const flaky = { fail: 'FlakyError', untilAttempt: random.int(1, 3) };
  workload.tail(workload.add(workload.head(), task(flaky, { retry })));
};

const fallback: Section = (workload) => {
  const failing = task({ fail: 'FatalError' }, { fallback: { handler: 'test.fallback' } });
  workload.tail(workload.add(workload.head(), failing));
};

const caught: Section = (workload) => {
  const failing = task({ fail: 'OddError' }, { catch: [{ errors: ['*'], output: { caught: '{% $error.name %}' } }] });
  workload.tail(workload.add(workload.head(), failing));
};

const absorbed: Section = (workload) => {
  const failed = workload.add(workload.head(), task({ fail: 'FatalError' }));
  const received = `{% $errors.\`${failed}\`.name ? $errors.\`${failed}\`.name : 'none' %}`;
  const input = { behaviour: {}, received };
  workload.tail(workload.add([failed], { handler: 'test.behave', triggerRule: 'all_done', input }));
};

const skipped: Section = (workload, random) => {
  const maybe = workload.add(workload.head(), (id) => {
    workload.flags[id] = random.chance(0.5);
    return task({}, { runIf: `{% $input.flags.\`${id}\` %}` });
  });
  workload.tail(workload.add([maybe], task({}, { triggerRule: 'none_failed' })));
};

const map =
  (items: number, chunkSize: number): Section =>
  (workload, random) => {
    const each = workload.add(workload.head(), (id) => {
      workload.items[id] = Array.from({ length: items }, () => brief(random));
      return {
        type: 'map',
        handler: 'test.behave',
        items: `{% $input.items.\`${id}\` %}`,
        itemInput: { behaviour: '{% $item %}', received: '{% $index %}' },
        chunkSize,
      };
    });
    workload.tail(workload.add([each], task({})));
  };

const cached: Section = (workload, random) => {
  const same = { handler: 'test.behave', cache: {}, input: { behaviour: {}, received: random.int(1, 40) } };
  const nodes = Array.from({ length: random.int(2, 4) }, () => workload.add(workload.head(), same));
  for (const id of nodes) workload.tail(id);
};

const narrow: Section = (workload, random) => {
  const head = workload.add(workload.head(), task({}));
  const pooled = Array.from({ length: random.int(4, 9) }, () =>
    workload.add([head], task({ takesMs: random.int(1, 4) }, { pool: 'narrow' })),
  );
  workload.tail(workload.add(pooled, task({})));
};

const SECTIONS: readonly Section[] = [
  ...[chain, chain, chain, fanOut, fanOut, diamond, diamond, retries, retries, fallback, caught, absorbed, skipped],
  ...[cached, narrow, map(30, 4), map(200, 25)],
];
