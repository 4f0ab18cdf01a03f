import {
  AuditOutput,
  check,
  duplicates,
  ParsedInput,
  parse,
  reach,
  report,
  sizes,
} from '../../../examples/audit/handlers.ts';
import { AuditInput } from '../../../examples/audit/input.ts';
import type { Lockfile } from '../../../examples/audit/locked-package.ts';
import { parseLockfile } from '../../../examples/audit/lockfile.ts';
import { toJson } from '../../../shared/core/json.ts';
import { ExecutionId, NodeId } from '../../../shared/model/ids.ts';
import type { Json } from '../../../shared/model/json.ts';
import type { AnyHandler } from '../../../shared/nodes/define-node.ts';
import { Logger } from '../../../shared/observability/logger.ts';

/** Entries of a lockfile's `packages`; the root and an integrity are added where they are left out. */
export type Entries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function lockfileText(entries: Entries, root: Readonly<Record<string, unknown>> = {}): string {
  const packages = Object.entries(entries).map(([path, entry]) => [
    path,
    { version: '1.0.0', license: 'MIT', integrity: 'sha512-x', ...entry },
  ]);
  return JSON.stringify({
    name: 'shop',
    lockfileVersion: 3,
    packages: { '': { name: 'shop', version: '2.0.0', ...root }, ...Object.fromEntries(packages) },
  });
}

export const aLockfile = (entries: Entries, root?: Readonly<Record<string, unknown>>): Lockfile =>
  parseLockfile(lockfileText(entries, root));

/** A handler by itself: the schemas around it, its output as JSON. */
async function runHandler(handler: AnyHandler, input: unknown): Promise<Json> {
  const output: unknown = await handler.execute(handler.input?.parse(input) ?? input, {
    executionId: ExecutionId.parse('execution-1'),
    nodeId: NodeId.parse('node'),
    visit: 1,
    attempt: 1,
    idempotencyKey: 'execution-1/node/1',
    signal: new AbortController().signal,
    logger: new Logger(),
    globals: {},
  });
  return toJson(handler.output?.parse(output) ?? output, handler.type);
}

/** The audit's handlers in the order of its graph. */
export async function runAudit(fields: Partial<AuditInput> & { lockfile: string }): Promise<AuditOutput> {
  const input = AuditInput.parse(fields);
  const parsed = ParsedInput.parse(await runHandler(parse, input));
  const { policy, fileName, folder, packages, projects, hasLinks } = parsed;
  const results = {
    fileName,
    lockfile: { packages, projects, hasLinks },
    checks: await Promise.all(packages.map((locked) => runHandler(check, { package: locked, policy }))),
    duplicates: await runHandler(duplicates, parsed),
    reach: await runHandler(reach, parsed),
    sizes: await runHandler(sizes, { folder, paths: packages.map(({ path }) => path) }),
  };
  return AuditOutput.parse(await runHandler(report, results));
}
