import { type Command, Option } from 'commander';
import type { CommandIo } from '../command-io.ts';
import { EXIT } from '../exit-code.ts';
import { loadWorkflow } from '../load-workflow.ts';
import { type MermaidDirection, toMermaid } from '../mermaid.ts';

interface GraphOptions {
  readonly direction: MermaidDirection;
}

/** Adds `fanjoin graph`. */
export function addGraphCommand(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('graph')
    .argument('<path>', 'a workflow file, or a folder with one')
    .summary('draw a workflow as a Mermaid flowchart')
    .description('Prints a workflow as a Mermaid flowchart, as GitHub and many editors show it.')
    .addOption(new Option('--direction <direction>', 'top down, or left to right').choices(['TD', 'LR']).default('TD'))
    .option('--verbose', 'show where an error comes from')
    .addHelpText(
      'after',
      '\nExamples:\n  fanjoin graph examples/orders\n  fanjoin graph examples/poll --direction LR > poll.mmd',
    )
    .action(async (path: string, { direction }: GraphOptions) => {
      const { plan } = await loadWorkflow(path, { cwd: io.cwd, needsHandlers: false });
      io.stdout.write(toMermaid(plan, direction));
      done(EXIT.ok);
    });
}
