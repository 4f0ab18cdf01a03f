import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { CommandLine } from '../../cli/workflow-module.ts';
import { defineWorkflow } from '../../shared/nodes/define-workflow.ts';
import { type AuditOutput, check, duplicates, parse, reach, report, sizes, sizesUnknown } from './handlers.ts';
import { AuditInput } from './input.ts';

/** Audits the dependencies a package-lock.json pins; gives a report as Markdown and as JSON. */
export default defineWorkflow({
  name: 'dependency-audit',
  description:
    'What a package-lock.json brings in: licences, deprecated packages, install scripts, duplicates, and why each is there.',
  input: AuditInput,
  config: { maxParallelNodes: 8, timeoutSeconds: 300 },
  nodes: {
    parse: { handler: parse },
    check: {
      type: 'map',
      handler: check,
      dependsOn: ['parse'],
      items: '{% packages %}',
      itemInput: { package: '{% $item %}', policy: '{% policy %}' },
      chunkSize: 25,
    },
    duplicates: { handler: duplicates, dependsOn: ['parse'] },
    reach: { handler: reach, dependsOn: ['parse'] },
    sizes: {
      handler: sizes,
      dependsOn: ['parse'],
      // In brackets: of a single package JSONata would give the path itself, not a list.
      input: { folder: '{% folder %}', paths: '{% [packages.path] %}' },
      fallback: { handler: sizesUnknown },
    },
    report: {
      handler: report,
      dependsOn: ['parse', 'check', 'duplicates', 'reach', 'sizes'],
      input: {
        fileName: '{% parse.fileName %}',
        lockfile: {
          projects: '{% parse.projects %}',
          packages: '{% parse.packages %}',
          hasLinks: '{% parse.hasLinks %}',
        },
        checks: '{% check %}',
        duplicates: '{% duplicates %}',
        reach: '{% reach %}',
        sizes: '{% sizes %}',
      },
    },
  },
});

/**
 * `fanjoin run examples/audit [--input PATH]`: PATH is a lockfile or its folder; default, fanjoin's own. An
 * `audit-policy.json` beside the lockfile, if there is one, says what is allowed (see `input.ts`).
 */
export const commandLine = {
  input: async (argument: string | undefined): Promise<AuditInput> => {
    const path = findLockfile(argument ?? join(import.meta.dirname, '../../package-lock.json'));
    const folder = dirname(path);
    const policy = await readIfThere(join(folder, 'audit-policy.json'));
    return AuditInput.parse({
      lockfile: await readFile(path, 'utf8'),
      fileName: basename(path),
      folder,
      ...(policy !== undefined && { policy: JSON.parse(policy) }),
    });
  },
  print: ({ markdown }: AuditOutput): string => markdown,
} satisfies CommandLine<AuditInput, AuditOutput>;

function findLockfile(argument: string): string {
  const path = resolve(argument);
  return basename(path).endsWith('.json') ? path : join(path, 'package-lock.json');
}

const readIfThere = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
