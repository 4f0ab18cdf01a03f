import * as z from 'zod';
import { DiskSizes } from './disk-sizes.ts';
import { Duplicate } from './duplicates.ts';
import { computeFindings, Finding } from './findings.ts';
import { LicenceVerdict } from './licence-policy.ts';
import { Lockfile } from './locked-package.ts';
import { PackageCheck } from './package-check.ts';
import { Reach, ReachReport, shipsToProduction } from './reach.ts';
import { computeTotals, licencesCommand, Total } from './totals.ts';

/** What the branches of the audit found. */
export const AuditResults = z.object({
  fileName: z.string(),
  lockfile: Lockfile,
  checks: z.array(PackageCheck),
  duplicates: z.array(Duplicate),
  reach: ReachReport,
  sizes: DiskSizes,
});
export type AuditResults = z.infer<typeof AuditResults>;

/** `act`: something of high severity; `review`: something of medium; `pass`: at most minor things. */
export const AuditVerdict = z.enum(['act', 'review', 'pass']);

export const AuditReport = z.object({
  project: z.object({ name: z.string(), version: z.string() }),
  verdict: AuditVerdict,
  counts: z.object({ high: z.int(), medium: z.int(), low: z.int() }),
  findings: z.array(Finding),
  /** With how many copies ship to production. */
  duplicates: z.array(Duplicate.extend({ shipping: z.int() })),
  licences: z.array(z.object({ licence: z.string(), verdict: LicenceVerdict, packages: z.int(), shipping: z.int() })),
  licencesCommand: z.string(),
  sizes: z.discriminatedUnion('isMeasured', [
    z.object({ isMeasured: z.literal(false), reason: z.string() }),
    z.object({
      isMeasured: z.literal(true),
      bytes: z.int(),
      shippingBytes: z.int(),
      /** The largest first. */
      packages: z.array(
        z.object({
          name: z.string(),
          version: z.string(),
          path: z.string(),
          reach: Reach,
          why: z.array(z.string()),
          bytes: z.int(),
        }),
      ),
    }),
  ]),
  totals: z.array(Total),
});
export type AuditReport = z.infer<typeof AuditReport>;

/** Puts the branches together. The same results give the same report, to the byte. */
export function computeReport(results: AuditResults): AuditReport {
  const { fileName, lockfile, checks, duplicates, reach, sizes } = results;
  const [root] = lockfile.projects;
  const findings = computeFindings(lockfile, checks, reach);
  const count = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity).length;
  const counts = { high: count('high'), medium: count('medium'), low: count('low') };
  return {
    project: { name: root?.name ?? '', version: root?.version ?? '' },
    verdict: counts.high > 0 ? 'act' : counts.medium > 0 ? 'review' : 'pass',
    counts,
    findings,
    duplicates: rankDuplicates(duplicates, reach),
    licences: countLicences(results),
    licencesCommand: licencesCommand(lockfile, fileName),
    sizes: sumSizes(results),
    totals: computeTotals(lockfile, reach, duplicates, sizes, fileName),
  };
}

/** Those of which most copies ship first, then those with most versions. */
function rankDuplicates(duplicates: readonly Duplicate[], { packages }: ReachReport): AuditReport['duplicates'] {
  const shipping = new Set(packages.filter(({ reach }) => shipsToProduction(reach)).map(({ path }) => path));
  return duplicates
    .map((duplicate) => ({
      ...duplicate,
      shipping: duplicate.versions.flatMap(({ paths }) => paths).filter((path) => shipping.has(path)).length,
    }))
    .sort((a, b) => b.shipping - a.shipping || b.versions.length - a.versions.length || (a.name < b.name ? -1 : 1));
}

function countLicences({ lockfile, checks, reach }: AuditResults): AuditReport['licences'] {
  const verdicts = new Map(checks.map(({ path, licence }) => [path, licence.verdict]));
  const reaches = new Map(reach.packages.map((reached) => [reached.path, reached.reach]));
  const rows = new Map<string, AuditReport['licences'][number]>();
  for (const { path, licence: text } of lockfile.packages) {
    const licence = text ?? 'none';
    const row = rows.get(licence) ?? { licence, verdict: verdicts.get(path) ?? 'unknown', packages: 0, shipping: 0 };
    const ships = shipsToProduction(reaches.get(path) ?? 'unreached');
    rows.set(licence, { ...row, packages: row.packages + 1, shipping: row.shipping + (ships ? 1 : 0) });
  }
  return [...rows.values()].sort((a, b) => b.packages - a.packages || (a.licence < b.licence ? -1 : 1));
}

function sumSizes({ lockfile, reach, sizes }: AuditResults): AuditReport['sizes'] {
  if (!sizes.isMeasured) return sizes;
  const bytesOf = new Map(sizes.packages.map(({ path, bytes }) => [path, bytes]));
  const reachedOf = new Map(reach.packages.map((reached) => [reached.path, reached]));
  const packages = lockfile.packages.flatMap(({ path, name, version }) => {
    const bytes = bytesOf.get(path);
    const reached = reachedOf.get(path);
    return bytes === undefined || reached === undefined
      ? []
      : [{ name, version, path, reach: reached.reach, why: reached.why, bytes }];
  });
  const sum = (members: typeof packages) => members.reduce((total, { bytes }) => total + bytes, 0);
  return {
    isMeasured: true,
    bytes: sum(packages),
    shippingBytes: sum(packages.filter((measured) => shipsToProduction(measured.reach))),
    packages: packages.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)),
  };
}
