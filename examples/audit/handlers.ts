import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { DiskSizes, measureSizes } from './disk-sizes.ts';
import { Duplicate, findDuplicates } from './duplicates.ts';
import { AuditInput, AuditPolicy } from './input.ts';
import { LockedPackage, Lockfile } from './locked-package.ts';
import { parseLockfile } from './lockfile.ts';
import { renderReport } from './markdown.ts';
import { checkPackage, PackageCheck } from './package-check.ts';
import { computeReach, ReachReport } from './reach.ts';
import { AuditReport, AuditResults, computeReport } from './report.ts';

/** The lockfile with every dependency resolved, and the rest of the input with its defaults. */
export const ParsedInput = Lockfile.extend({
  fileName: z.string(),
  folder: z.string().nullable(),
  policy: AuditPolicy,
});

export const AuditOutput = z.object({ markdown: z.string(), json: AuditReport });
export type AuditOutput = z.infer<typeof AuditOutput>;

export const parse = defineNode({
  type: 'audit.parse',
  input: AuditInput,
  output: ParsedInput,
  execute: ({ lockfile, ...rest }) => ({ ...parseLockfile(lockfile), ...rest }),
});

export const check = defineNode({
  type: 'audit.check',
  input: z.object({ package: LockedPackage, policy: AuditPolicy }),
  output: PackageCheck,
  execute: ({ package: locked, policy }) => checkPackage(locked, policy),
});

export const duplicates = defineNode({
  type: 'audit.duplicates',
  input: Lockfile,
  output: z.array(Duplicate),
  execute: findDuplicates,
});

export const reach = defineNode({
  type: 'audit.reach',
  input: Lockfile,
  output: ReachReport,
  execute: computeReach,
});

const SizesInput = z.object({ folder: z.string().nullable(), paths: z.array(z.string()) });

/** The one node that reads files: it measures only where it runs beside the packages. */
export const sizes = defineNode({
  type: 'audit.sizes',
  input: SizesInput,
  output: DiskSizes,
  execute: ({ folder, paths }, { signal }) => measureSizes(folder, paths, signal),
});

export const sizesUnknown = defineNode({
  type: 'audit.sizes-unknown',
  input: SizesInput,
  output: DiskSizes,
  execute: ({ folder }): DiskSizes => ({
    isMeasured: false,
    reason: `${folder ?? 'the folder'} is not on the machine that ran the audit`,
  }),
});

export const report = defineNode({
  type: 'audit.report',
  input: AuditResults,
  output: AuditOutput,
  execute: (results) => {
    const json = computeReport(results);
    return { markdown: renderReport(json), json };
  },
});
