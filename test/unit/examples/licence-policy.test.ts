import { expect, test } from 'vitest';
import { judgeLicence, LicencePolicy } from '../../../examples/audit/licence-policy.ts';

const policy = LicencePolicy.parse({});

test.each([
  ['MIT', 'allowed'],
  ['MIT OR Apache-2.0', 'allowed'],
  ['(MIT OR GPL-3.0-or-later)', 'allowed'],
  ['GPL-3.0-only OR LGPL-3.0-only', 'review'],
  ['MIT AND GPL-2.0-only', 'denied'],
  ['MIT AND (LGPL-2.1-only OR ISC)', 'allowed'],
  ['MIT AND LicenseRef-ours', 'unknown'],
  ['GPL-2.0-only OR LicenseRef-ours', 'unknown'],
  ['MPL-2.0', 'review'],
  ['LGPL-3.0-or-later', 'review'],
  ['GPL-3.0', 'denied'],
  ['AGPL-3.0-only', 'denied'],
  ['Apache-2.0 WITH LLVM-exception', 'allowed'],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'review'],
  ['GPL-2.0+', 'denied'],
  ['EFL-2.0', 'unknown'],
  ['UNLICENSED', 'denied'],
  ['SEE LICENSE IN LICENSE.md', 'unknown'],
  ['Apache 2', 'unknown'],
  ['mit', 'unknown'],
  ['((((', 'unknown'],
  [null, 'unknown'],
])('%s is %s', (licence, verdict) => {
  expect(judgeLicence(licence, policy).verdict).toBe(verdict);
});

test('the more exact entry goes first, whichever list it is in', () => {
  const lenient = LicencePolicy.parse({
    allowed: ['MIT', 'GPL-2.0-only WITH Classpath-exception-2.0'],
    denied: ['GPL-*', 'MIT*'],
  });

  expect(judgeLicence('GPL-2.0-only WITH Classpath-exception-2.0', lenient).verdict).toBe('allowed');
  expect(judgeLicence('GPL-2.0-only', lenient).verdict).toBe('denied');
  expect(judgeLicence('MIT-0', lenient).verdict).toBe('denied');
});

test('of two equal entries the stricter list wins', () => {
  expect(judgeLicence('MIT', LicencePolicy.parse({ allowed: ['MIT'], denied: ['MIT'] })).verdict).toBe('denied');
});
