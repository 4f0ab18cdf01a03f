import * as z from 'zod';
import { LicencePolicy } from './licence-policy.ts';

/** What the audit's reader allows. Every field has a default. */
export const AuditPolicy = z.strictObject({
  licences: LicencePolicy.prefault({}),
  /** Names of packages whose install scripts someone has read and approved. */
  approvedInstallScripts: z.array(z.string()).default([]),
});
export type AuditPolicy = z.infer<typeof AuditPolicy>;

/** The lockfile's text, not its path: the nodes may run on another machine than the one that has the file. */
export const AuditInput = z.strictObject({
  lockfile: z.string(),
  /** How the commands in the report call the lockfile. */
  fileName: z.string().default('package-lock.json'),
  /** The folder the lockfile lies in. If given, the sizes of the packages installed there are measured. */
  folder: z.string().nullable().default(null),
  policy: AuditPolicy.prefault({}),
});
export type AuditInput = z.infer<typeof AuditInput>;
