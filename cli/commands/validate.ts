import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { EXIT } from '../exit-code.ts';
import { type LoadedWorkflow, loadWorkflow } from '../load-workflow.ts';
import { addCommonOptions, type CommonOptions } from '../options.ts';
import { paletteFor, plural, shownPath } from '../text.ts';

interface ValidateOptions extends CommonOptions {
  readonly handlers?: string;
}

/** Adds `fanjoin validate`. */
export function addValidateCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addCommonOptions(program.command('validate').argument('<path>', 'a workflow file, or a folder with one'))
    .summary('check a workflow without running it')
    .description(
      'Checks a workflow and the handlers it names. Lists every issue with its place, and exits with 2 if there is one.',
    )
    .option('--handlers <file>', 'handlers of a YAML or JSON workflow (default: the handlers.ts or .js beside it)')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin validate examples/orders\n  fanjoin validate workflow.json --handlers src/handlers.ts --json',
    )
    .action(async (path: string, options: ValidateOptions) => {
      const loaded = await loadWorkflow(path, { cwd: io.cwd, handlers: options.handlers });
      const counts = countsOf(loaded);
      const { good } = paletteFor(io.stdout, io.env);
      const shown = shownPath(loaded.file, io.cwd);
      io.stdout.write(
        options.json === true
          ? `${JSON.stringify({ isValid: true, ...counts }, null, 2)}\n`
          : `${good('✓')} ${shown} is valid: ${textOf(counts)}\n`,
      );
      done(EXIT.ok);
    });
}

function countsOf({ plan }: LoadedWorkflow) {
  const { definition } = plan;
  const nodes = Object.values(definition.nodes);
  const types: Record<string, number> = {};
  for (const { type } of nodes) types[type] = (types[type] ?? 0) + 1;
  const handlers = new Set(
    nodes.flatMap((node) =>
      'handler' in node ? [node.handler, ...(node.fallback === undefined ? [] : [node.fallback.handler])] : [],
    ),
  );
  return {
    workflow: definition.name,
    strategy: definition.strategy,
    nodes: nodes.length,
    types,
    edges: edgesOf(plan),
    handlers: handlers.size,
    definitionHash: plan.hash,
  };
}

/** Dependencies of a graph; of a route, the ways it may go. */
const edgesOf = (plan: LoadedWorkflow['plan']): number =>
  plan.kind === 'graph'
    ? plan.nodes.reduce((sum, { parents }) => sum + parents.length, 0)
    : plan.nodes.reduce(
        (sum, { definition: { next, choices = [], mayRouteTo = [] } }) =>
          sum + (next === undefined ? 0 : 1) + choices.length + mayRouteTo.length,
        0,
      );

function textOf({ workflow, strategy, nodes, types, edges, handlers }: ReturnType<typeof countsOf>): string {
  const byType = Object.entries(types).map(([type, count]) => `${count} ${type}`);
  return `${workflow}, ${strategy}, ${plural(nodes, 'node')} (${byType.join(', ')}), ${plural(edges, 'edge')}, ${plural(handlers, 'handler')}`;
}
