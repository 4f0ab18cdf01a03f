import * as z from 'zod';
import type { LicenceVerdict } from './licence-policy.ts';
import type { LockedPackage, Lockfile } from './locked-package.ts';
import type { PackageCheck } from './package-check.ts';
import { type PackageReach, Reach, type ReachReport, shipsToProduction } from './reach.ts';

export const Severity = z.enum(['high', 'medium', 'low']);
export type Severity = z.infer<typeof Severity>;

/** One thing to act on, with every package it is true of. */
export const Finding = z.object({
  severity: Severity,
  kind: z.enum(['missing', 'licence', 'deprecated', 'install-script', 'source', 'unreached', 'flags']),
  /** What is the case: `licence GPL-3.0-only: denied by the policy (ships to production)`. */
  claim: z.string(),
  action: z.string(),
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      path: z.string(),
      reach: Reach,
      /** A shortest chain of names from the root, its own name last. */
      why: z.array(z.string()),
      detail: z.string().nullable(),
    }),
  ),
});
export type Finding = z.infer<typeof Finding>;
type FoundPackage = Finding['packages'][number];

/** A finding of one package, before those alike are put together. */
type Claim = Omit<Finding, 'packages'> & { readonly subject: FoundPackage };

/** All findings, the most severe first; those alike in severity, kind and claim are one. */
export function computeFindings(lockfile: Lockfile, checks: readonly PackageCheck[], reach: ReachReport): Finding[] {
  const checkOf = new Map(checks.map((check) => [check.path, check]));
  const reachOf = new Map(reach.packages.map((reached) => [reached.path, reached]));
  const claims = lockfile.packages.flatMap((locked) => {
    const check = checkOf.get(locked.path);
    const reached = reachOf.get(locked.path);
    return check === undefined || reached === undefined ? [] : [...claimsOf(locked, check, reached)];
  });
  return groupClaims([...missingClaims(lockfile, reach), ...claims]);
}

const LICENCE_CLAIMS = {
  denied: {
    inProduction: 'high',
    inDevelopment: 'medium',
    policy: 'denied by the policy',
    action: 'Replace it, ask its author for other terms, or allow the licence in the policy.',
  },
  unknown: {
    inProduction: 'medium',
    inDevelopment: 'low',
    policy: 'unknown to the policy',
    action: 'Read the terms in its folder or repository, then add the licence to the policy.',
  },
  review: {
    inProduction: 'medium',
    inDevelopment: 'low',
    policy: 'for review by the policy',
    action: 'Read the terms once for your use; if they are fine, allow the licence in the policy.',
  },
} satisfies Record<
  Exclude<LicenceVerdict, 'allowed'>,
  { inProduction: Severity; inDevelopment: Severity; policy: string; action: string }
>;

function* claimsOf(locked: LockedPackage, check: PackageCheck, reached: PackageReach): Generator<Claim> {
  const { reach, why } = reached;
  const ships = shipsToProduction(reach);
  const where = ships ? '(ships to production)' : '(development only)';
  const subject = { name: locked.name, version: locked.version, path: locked.path, reach, why, detail: null };

  if (check.licence.verdict !== 'allowed') {
    const { inProduction, inDevelopment, policy, action } = LICENCE_CLAIMS[check.licence.verdict];
    const claim = `${check.licence.reason}: ${policy} ${where}`;
    yield { severity: ships ? inProduction : inDevelopment, kind: 'licence', claim, action, subject };
  }
  if (check.deprecated !== null) {
    const action = 'Update what asks for it, or replace it as its message says.';
    yield {
      severity: ships ? 'medium' : 'low',
      kind: 'deprecated',
      claim: `deprecated ${where}`,
      action,
      subject: { ...subject, detail: check.deprecated },
    };
  }
  if (check.hasUnapprovedScript) {
    // Of the same weight in development: the script runs where the developers' keys are.
    const action = "Read the script; if it is fine, name the package in the policy's approvedInstallScripts.";
    yield { severity: 'medium', kind: 'install-script', claim: 'runs a script when it is installed', action, subject };
  }
  if (check.sourceProblem !== null) {
    const action =
      'Depend on a published version, or fetch it again: remove its entry from the lockfile, then npm install.';
    yield {
      severity: 'medium',
      kind: 'source',
      claim: check.sourceProblem,
      action,
      subject: { ...subject, detail: locked.resolved },
    };
  }
  if (reach === 'unreached') {
    yield {
      severity: 'low',
      kind: 'unreached',
      claim: 'in the lockfile, and nothing asks for it',
      action: 'Run npm prune.',
      subject,
    };
  } else if (!reached.agreesWithFlags) {
    const claim = "reached otherwise than the lockfile's own flags (dev, optional, devOptional) say";
    yield {
      severity: 'low',
      kind: 'flags',
      claim,
      action: 'Have npm write them anew: npm install --package-lock-only.',
      subject,
    };
  }
}

function missingClaims({ projects, packages }: Lockfile, { missing, packages: reaches }: ReachReport): Claim[] {
  const lockedOf = new Map([...projects, ...packages].map((locked) => [locked.path, locked]));
  const reachOf = new Map(reaches.map((reached) => [reached.path, reached]));
  return missing.map(({ from, name, range, isPeer }) => {
    const asker = lockedOf.get(from);
    const detail = `lacks ${name}@${range}`;
    const reached = reachOf.get(from);
    return {
      severity: isPeer ? 'medium' : 'high',
      kind: 'missing',
      claim: isPeer
        ? 'asks for a peer that the lockfile does not have'
        : 'asks for a package that the lockfile does not have',
      action: isPeer
        ? 'Add the peer, unless you use --legacy-peer-deps on purpose.'
        : 'The lockfile is not whole, and npm ci will refuse it: run npm install.',
      subject: {
        name: asker?.name ?? from,
        version: asker?.version ?? '',
        path: from,
        reach: reached?.reach ?? 'production',
        why: reached?.why ?? [],
        detail,
      },
    };
  });
}

const KINDS: readonly Finding['kind'][] = Finding.shape.kind.options;

function groupClaims(claims: readonly Claim[]): Finding[] {
  const groups = new Map<string, Finding>();
  for (const { subject, ...finding } of claims) {
    const key = `${finding.severity} ${finding.kind} ${finding.claim}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...finding, packages: [subject] });
    else group.packages.push(subject);
  }
  const rank = ({ severity, kind }: Finding) => Severity.options.indexOf(severity) * KINDS.length + KINDS.indexOf(kind);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || (a.claim < b.claim ? -1 : 1));
}
