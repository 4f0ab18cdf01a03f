import type { Finding } from './findings.ts';
import { shipsToProduction } from './reach.ts';
import type { AuditReport } from './report.ts';

/** Rows of a table before the rest is left to the JSON: enough to act on, short enough to read. */
const ROWS = { finding: 8, duplicates: 10, sizes: 10 } as const;

const VERDICTS: Readonly<Record<AuditReport['verdict'], string>> = {
  act: '**Verdict: act.** Something here should not ship as it is.',
  review: '**Verdict: review.** Nothing must change at once; someone should look at the medium findings.',
  pass: '**Verdict: pass.** Nothing here needs anyone now.',
};

/** The report as Markdown: what to do first, then what it rests on. */
export function renderReport(report: AuditReport): string {
  const { project } = report;
  return [
    `# Dependency audit: ${text(project.name)} ${text(project.version)}`,
    summary(report),
    '## Findings',
    ...(report.findings.length === 0 ? ['None.'] : report.findings.map(renderFinding)),
    ...renderDuplicates(report),
    ...renderLicences(report),
    ...renderSizes(report),
    ...renderTotals(report),
  ]
    .join('\n\n')
    .concat('\n');
}

function summary({ verdict, counts, totals, sizes, findings }: AuditReport): string {
  const value = (label: string) => totals.find((total) => total.label === label)?.value ?? 0;
  const size = sizes.isMeasured
    ? ` ${megabytes(sizes.bytes)} are installed, ${megabytes(sizes.shippingBytes)} of them for production.`
    : '';
  return [
    VERDICTS[verdict],
    `${value('packages')} packages, ${value('of them ship to production')} of them ship to production.${size}`,
    `Findings: ${counts.high} high, ${counts.medium} medium, ${counts.low} low.`,
    ...findings.filter(({ severity }) => severity !== 'low').map((finding) => `- ${headline(finding)}`),
  ].join('\n');
}

const headline = ({ severity, packages, claim }: Finding): string => {
  const [first] = packages;
  const subject =
    packages.length === 1 && first !== undefined
      ? `${text(first.name)} ${text(first.version)}`
      : `${packages.length} packages`;
  return `${severity}: ${text(claim)} – ${subject}`;
};

function renderFinding(finding: Finding): string {
  const { packages, action } = finding;
  const hasDetails = packages.some(({ detail }) => detail !== null);
  const rows = foldParts(packages).map(({ name, version, path, reach, why, detail, parts }) => [
    `${text(name)} ${text(version)}${parts === 0 ? '' : ` and ${parts} it asks for`}`,
    reach,
    chain(why),
    code(path),
    ...(hasDetails ? [text(detail ?? '')] : []),
  ]);
  return [
    `### ${capitalised(headline(finding))}`,
    `To do: ${action}`,
    table(['Package', 'For', 'Why it is here', 'Where', ...(hasDetails ? ['Detail'] : [])], rows, ROWS.finding),
  ].join('\n\n');
}

/** Leaves out packages whose asker is listed as well: a native package's builds for each platform say nothing new. */
function foldParts(packages: Finding['packages']): (Finding['packages'][number] & { readonly parts: number })[] {
  const key = (why: readonly string[]) => why.join(' ');
  const listed = new Set(packages.map(({ why }) => key(why)));
  const askers = packages
    .filter(({ why, detail }) => detail === null && why.length > 1)
    .map(({ why }) => key(why.slice(0, -1)));
  return packages
    .filter(({ why, detail }) => detail !== null || why.length <= 1 || !listed.has(key(why.slice(0, -1))))
    .map((found) => ({ ...found, parts: askers.filter((asker) => asker === key(found.why)).length }));
}

function renderDuplicates({ duplicates }: AuditReport): string[] {
  if (duplicates.length === 0) return [];
  const rows = duplicates.map(({ name, versions, shipping }) => [
    text(name),
    String(shipping),
    versions.map(({ version, askedBy }) => `${text(version)} for ${askers(askedBy)}`).join('; '),
  ]);
  return [
    '## Several versions of one package',
    'To do: often nothing. `npm dedupe` joins what the ranges allow; for the rest, update who asks for the older version.',
    table(['Package', 'Copies that ship', 'Versions, and who asks for each'], rows, ROWS.duplicates),
  ];
}

type Askers = AuditReport['duplicates'][number]['versions'][number]['askedBy'];

function askers(askedBy: Askers): string {
  const names = [
    ...new Set(askedBy.map(({ path, name, range }) => `${path === '' ? 'this project' : text(name)} (${text(range)})`)),
  ];
  return names.length === 0
    ? 'nobody'
    : names.length <= 2
      ? names.join(', ')
      : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

function renderLicences({ licences, licencesCommand }: AuditReport): string[] {
  const rows = licences.map(({ licence, verdict, packages, shipping }) => [
    text(licence),
    verdict,
    String(packages),
    String(shipping),
  ]);
  return [
    '## Licences',
    table(['Licence', 'Policy', 'Packages', 'Of them ship'], rows, Number.POSITIVE_INFINITY),
    fence([licencesCommand]),
  ];
}

function renderSizes({ sizes }: AuditReport): string[] {
  if (!sizes.isMeasured) return ['## Size on disk', `Not measured: ${text(sizes.reason)}.`];
  const rows = sizes.packages.map(({ name, version, reach, why, bytes }) => [
    `${text(name)} ${text(version)}`,
    megabytes(bytes),
    shipsToProduction(reach) ? 'yes' : 'no',
    chain(why),
  ]);
  return ['## Size on disk', table(['Package', 'Size', 'Ships', 'Why it is here'], rows, ROWS.sizes)];
}

function renderTotals({ totals }: AuditReport): string[] {
  const lines = totals.flatMap(({ label, value, commands }) => [`# ${value} ${label}`, ...commands]);
  return [
    '## Totals, and how to check each',
    'Run beside the lockfile; where there are two commands, both give the number.',
    fence(lines),
  ];
}

function table(header: readonly string[], rows: readonly (readonly string[])[], limit: number): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rest = rows.length - limit;
  return [
    row(header),
    row(header.map(() => '---')),
    ...rows.slice(0, limit).map(row),
    ...(rest > 0 ? [`\n… and ${rest} more, in the report's JSON.`] : []),
  ].join('\n');
}

const fence = (lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n');

const chain = (why: readonly string[]): string =>
  why.length === 1 ? 'asked for by this project' : why.map(text).join(' › ');

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

const capitalised = (line: string): string => line.charAt(0).toUpperCase() + line.slice(1);

/** Text from the lockfile, harmless in a terminal and in a Markdown table whoever wrote it. */
const text = (value: string): string =>
  (value.length > 200 ? `${value.slice(0, 200)}…` : value)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/[\\`*_[\]|<>]/g, '\\$&')
    .trim();

const code = (value: string): string => `\`${value.replaceAll(/[\p{Cc}`|]+/gu, ' ')}\``;
