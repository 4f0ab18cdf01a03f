import * as z from 'zod';
import type { AuditPolicy } from './input.ts';
import { judgeLicence, LicenceJudgement } from './licence-policy.ts';
import type { LockedPackage } from './locked-package.ts';

/** What is to be said of one package on its own, without the graph around it. */
export const PackageCheck = z.object({
  path: z.string(),
  licence: LicenceJudgement,
  deprecated: z.string().nullable(),
  /** It runs a script when it is installed, and nobody has approved that. */
  hasUnapprovedScript: z.boolean(),
  /** Why one cannot be sure to install the same files again; null if one can. */
  sourceProblem: z.string().nullable(),
});
export type PackageCheck = z.infer<typeof PackageCheck>;

export function checkPackage(locked: LockedPackage, policy: AuditPolicy): PackageCheck {
  return {
    path: locked.path,
    licence: judgeLicence(locked.licence, policy.licences),
    deprecated: locked.deprecated,
    hasUnapprovedScript: locked.hasInstallScript && !policy.approvedInstallScripts.includes(locked.name),
    sourceProblem: findSourceProblem(locked),
  };
}

function findSourceProblem({ resolved, hasIntegrity, isBundled }: LockedPackage): string | null {
  // A bundled package comes inside another one's tarball, whose hash covers it.
  if (isBundled) return null;
  if (resolved !== null && /^(git|github|gitlab|bitbucket)[+:]/.test(resolved)) return 'comes from a Git repository';
  if (resolved?.startsWith('http:') === true) return 'downloaded without encryption';
  return hasIntegrity ? null : 'no integrity hash';
}
