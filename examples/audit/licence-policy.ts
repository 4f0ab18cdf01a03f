import parseSpdx from 'spdx-expression-parse';
import * as z from 'zod';

/** SPDX ids; a `*` at the end stands for any ending, and the more exact entry goes first. */
const Ids = z.array(z.string().min(1));

export const LicencePolicy = z.object({
  allowed: Ids.default([
    '0BSD',
    'Apache-2.0',
    'Artistic-2.0',
    'BlueOak-1.0.0',
    'BSD-1-Clause',
    'BSD-2-Clause*',
    'BSD-3-Clause',
    'BSL-1.0',
    'CC0-1.0',
    'CC-BY-3.0',
    'CC-BY-4.0',
    'ISC',
    'MIT',
    'MIT-0',
    'Python-2.0',
    'Unicode-3.0',
    'Unicode-DFS-2016',
    'Unlicense',
    'WTFPL',
    'Zlib',
  ]),
  /** Fine in many uses, on terms someone should have read: weak copyleft. */
  review: Ids.default(['CDDL-*', 'EPL-*', 'EUPL-*', 'LGPL-*', 'MPL-*', 'CC-BY-SA-*', 'OSL-*']),
  /** Strong copyleft, and licences that forbid commercial use. */
  denied: Ids.default(['AGPL-*', 'GPL-*', 'SSPL-*', 'BUSL-*', 'Elastic-*', 'CC-BY-NC-*', 'PolyForm-*']),
});
export type LicencePolicy = z.infer<typeof LicencePolicy>;

export const LicenceVerdict = z.enum(['allowed', 'review', 'unknown', 'denied']);
export type LicenceVerdict = z.infer<typeof LicenceVerdict>;

export const LicenceJudgement = z.object({ verdict: LicenceVerdict, reason: z.string() });
export type LicenceJudgement = z.infer<typeof LicenceJudgement>;

/**
 * What the policy says of a licence as packages name it: an SPDX expression, or something else.
 *
 * `A OR B` is as good as the better of the two, since one may choose; `A AND B` as bad as the worse. An exception
 * (`WITH`) only ever permits more, so a denied licence with one is for a human to read.
 */
export function judgeLicence(licence: string | null, policy: LicencePolicy): LicenceJudgement {
  if (licence === null) return { verdict: 'unknown', reason: 'no licence is named' };
  // npm's own word for "no rights are granted", which is not SPDX.
  if (licence === 'UNLICENSED') return { verdict: 'denied', reason: 'UNLICENSED, so nobody else may use it' };
  if (/^SEE LICEN[CS]E IN/i.test(licence)) return { verdict: 'unknown', reason: `terms of its own, "${licence}"` };
  const expression = parseExpression(licence);
  if (expression === undefined) return { verdict: 'unknown', reason: `no SPDX expression, "${licence}"` };
  return { verdict: judgeExpression(expression, policy), reason: `licence ${licence}` };
}

function parseExpression(licence: string): parseSpdx.Info | undefined {
  try {
    return parseSpdx(licence);
  } catch {
    return undefined;
  }
}

/** Best first. */
const ORDER: readonly LicenceVerdict[] = LicenceVerdict.options;

function judgeExpression(expression: parseSpdx.Info, policy: LicencePolicy): LicenceVerdict {
  if (!('conjunction' in expression)) return judgeId(expression, policy);
  const sides = [judgeExpression(expression.left, policy), judgeExpression(expression.right, policy)];
  const ranked = ORDER.filter((verdict) => sides.includes(verdict));
  return (expression.conjunction === 'or' ? ranked.at(0) : ranked.at(-1)) ?? 'unknown';
}

function judgeId({ license, exception }: parseSpdx.LicenseInfo, policy: LicencePolicy): LicenceVerdict {
  if (exception !== undefined) {
    const whole = lookUp(`${license} WITH ${exception}`, policy);
    if (whole !== undefined) return whole;
  }
  const verdict = lookUp(license, policy) ?? 'unknown';
  return verdict === 'denied' && exception !== undefined ? 'review' : verdict;
}

/** The longest entry that matches is the most exact one; among equals the stricter list wins. */
function lookUp(id: string, { allowed, review, denied }: LicencePolicy): LicenceVerdict | undefined {
  const entries: [LicenceVerdict, string][] = [
    ...denied.map((entry): [LicenceVerdict, string] => ['denied', entry]),
    ...review.map((entry): [LicenceVerdict, string] => ['review', entry]),
    ...allowed.map((entry): [LicenceVerdict, string] => ['allowed', entry]),
  ];
  const matches = entries.filter(([, entry]) => isMatch(entry, id)).sort(([, a], [, b]) => b.length - a.length);
  return matches[0]?.[0];
}

/** A `*` does not reach over `WITH`: `GPL-*` says nothing of a GPL with an exception. */
function isMatch(entry: string, id: string): boolean {
  if (!entry.endsWith('*')) return id === entry;
  return id.startsWith(entry.slice(0, -1)) && !id.includes(' WITH ');
}
