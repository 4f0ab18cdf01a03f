/**
 * The long run: `node test/kills/main.ts [--kills 200] [--seed N] [--nodes 2000] [--stack-kills 0]`. Prints one line of
 * JSON with its figures on stdout, progress on stderr; ends with 1 if anything was lost, changed, counted twice or did not
 * end. With `--stack-kills`, which needs Java, so many workers of the local stack are killed afterwards.
 */
import { parseArgs } from 'node:util';
import { runKills } from './kill-runs.ts';
import { runStackKills } from './stack-kills.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '2000' },
    'stack-kills': { type: 'string', default: '0' },
  },
});
const stackKills = Number(values['stack-kills']);
const STACK_NODES = 300;
const startedAtMs = Date.now();
const figures = await runKills(
  { kills: Number(values.kills), seed: Number(values.seed), nodes: Number(values.nodes) },
  (line) => process.stderr.write(`${line}\n`),
);
const stack =
  stackKills > 0
    ? await runStackKills({ kills: stackKills, seed: figures.seed, nodes: STACK_NODES, checksMetrics: true })
    : undefined;
const seconds = Math.round((Date.now() - startedAtMs) / 1_000);
process.stdout.write(`${JSON.stringify({ ...figures, seconds, ...(stack !== undefined && { stack }) })}\n`);
process.exitCode = figures.problems.length + (stack?.problems.length ?? 0) === 0 ? 0 : 1;
