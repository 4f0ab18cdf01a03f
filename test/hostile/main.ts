import { parseArgs } from 'node:util';
import { HOSTILE_KINDS, type HostileFigures, tryKind } from './kinds.ts';

/**
 * Tries hostile input of all kinds, and prints figures as JSON on stdout: by kind, how many trials, how they ended, the
 * slowest, what failed, and the most memory this process had. Exits 1 if anything failed.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    cursors: { type: 'string', default: '5000' },
    http: { type: 'string', default: '5000' },
    definitions: { type: 'string', default: '20000' },
    expressions: { type: 'string', default: '5000' },
    files: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const seed = Number(values.seed);

const figures: Record<string, HostileFigures> = {};
for (const kind of HOSTILE_KINDS) {
  const count = Number(values[kind]);
  if (!Number.isInteger(count) || count < 0) throw new Error(`--${kind} takes a number from 0, not '${values[kind]}'`);
  if (count === 0) continue;
  const tried = await tryKind(kind, { seed, from: 0, count });
  figures[kind] = tried;
  const { trials, failures, slowestMs } = tried;
  const time = new Date().toISOString().slice(11, 19);
  console.error(`${time} ${kind}: ${trials} trials, ${failures.length} failures, slowest ${slowestMs} ms`);
}
console.log(JSON.stringify({ seed, kinds: figures }, null, 2));
if (Object.values(figures).some(({ failures }) => failures.length > 0)) process.exitCode = 1;
