import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { describeCause } from '../../shared/errors.ts';
import type { CommandIo } from '../command-io.ts';
import { EXIT } from '../exit-code.ts';
import { type Direction, toMermaid } from '../graph/mermaid.ts';
import { toSvg } from '../graph/svg.ts';
import { toWorkflowGraph, type WorkflowGraph } from '../graph/workflow-graph.ts';
import { loadWorkflow } from '../load-workflow.ts';
import { formatCount } from '../text.ts';
import { UsageError } from '../usage-error.ts';
import { writeOut } from '../write-out.ts';

const FORMATS = ['mermaid', 'svg', 'json'] as const;

interface GraphOptions {
  readonly format: (typeof FORMATS)[number];
  readonly direction: Direction;
  readonly output?: string;
}

/** Beyond, Graphviz takes long, for a drawing in which nothing can be found. */
const MAX_DRAWN = 5_000;

/** Adds `fanjoin graph`. */
export function addGraphCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('graph')
    .argument('<path>', 'a workflow file, or a folder with one')
    .summary('draw a workflow')
    .description(
      'Draws a workflow: as a Mermaid flowchart, as GitHub and many editors show it; as an SVG, laid out by Graphviz; or as ' +
        'JSON, nodes and edges with their kinds, for other tools (docs/graph.schema.json).',
    )
    .addOption(new Option('-f, --format <format>', 'what to print').choices(FORMATS).default('mermaid'))
    .addOption(new Option('--direction <direction>', 'top down, or left to right').choices(['TD', 'LR']).default('TD'))
    .option('-o, --output <file>', 'write it there (default: stdout)')
    .option('--verbose', 'show where an error comes from')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin graph examples/orders\n  fanjoin graph examples/poll --format svg --direction LR --output poll.svg\n' +
        "  fanjoin graph examples/orders --format json | jq '.edges[] | select(.rule)'",
    )
    .action(async (path: string, options: GraphOptions) => {
      const { plan } = await loadWorkflow(path, { cwd: io.cwd, needsHandlers: false });
      const text = await drawn(toWorkflowGraph(plan), options);
      if (options.output === undefined) await writeOut(io.stdout, text);
      else await save(text, options.output, io);
      done(EXIT.ok);
    });
}

async function drawn(graph: WorkflowGraph, { format, direction }: GraphOptions): Promise<string> {
  if (format === 'json') return `${JSON.stringify(graph, null, 2)}\n`;
  if (format === 'mermaid') return toMermaid(graph, direction);
  const { length } = graph.nodes;
  if (length > MAX_DRAWN)
    throw new UsageError(
      `'${graph.workflow}' has ${formatCount(length)} nodes; at most ${formatCount(MAX_DRAWN)} are drawn as SVG. --format json has them all.`,
    );
  return toSvg(graph, direction);
}

async function save(text: string, output: string, io: CommandIo): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, output), text);
  } catch (error) {
    throw new UsageError(`The file '${output}' cannot be written: ${describeCause(error)}`, error);
  }
}
