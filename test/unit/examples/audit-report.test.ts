import { describe, expect, test } from 'vitest';
import { lockfileText, runAudit } from './audit-fixtures.ts';

const troubled = lockfileText(
  {
    'node_modules/web': { license: 'GPL-3.0-only', dependencies: { old: '1', gone: '^7' } },
    'node_modules/old': { license: 'Custom terms', deprecated: 'use | new\u001b[31m' },
    'node_modules/tool': { dev: true, license: 'GPL-3.0-only', dependencies: { native: '1' } },
    'node_modules/native': { dev: true, hasInstallScript: true },
    'node_modules/fork': { resolved: 'git+ssh://git@github.com/x/fork.git#1', integrity: undefined },
    'node_modules/stray': { extraneous: true },
  },
  { dependencies: { web: '1', fork: 'x/fork' }, devDependencies: { tool: '1' } },
);

describe('the findings', () => {
  test('come the most severe first, with the way from the root', async () => {
    const { json } = await runAudit({ lockfile: troubled });

    expect(json.verdict).toBe('act');
    expect(
      json.findings.map(({ severity, kind, packages }) => [
        severity,
        kind,
        packages.map(({ why }) => why.join('>')).join(),
      ]),
    ).toEqual([
      ['high', 'missing', 'web'],
      ['high', 'licence', 'web'],
      ['medium', 'licence', 'tool'],
      ['medium', 'licence', 'web>old'],
      ['medium', 'deprecated', 'web>old'],
      ['medium', 'install-script', 'tool>native'],
      ['medium', 'source', 'fork'],
      ['low', 'unreached', ''],
    ]);
  });

  test('a licence weighs less where it is for development only', async () => {
    const { json } = await runAudit({ lockfile: troubled });

    const gpl = json.findings.filter(({ claim }) => claim.includes('GPL'));
    expect(gpl.map(({ severity, claim }) => [severity, claim])).toEqual([
      ['high', 'licence GPL-3.0-only: denied by the policy (ships to production)'],
      ['medium', 'licence GPL-3.0-only: denied by the policy (development only)'],
    ]);
  });

  test('what the policy approves is no finding', async () => {
    const policy = {
      approvedInstallScripts: ['native'],
      licences: { allowed: ['MIT', 'GPL-*'], denied: [], review: [] },
    };

    const { json } = await runAudit({ lockfile: troubled, policy });

    expect(json.findings.map(({ kind }) => kind)).not.toContain('install-script');
    expect(json.findings.filter(({ claim }) => claim.includes('GPL'))).toEqual([]);
  });

  test('packages alike are one finding, and a native package stands for its parts', async () => {
    const parts = ['linux', 'macos', 'windows'].map((platform) => [
      `node_modules/lib-${platform}`,
      { license: 'MPL-2.0', optional: true },
    ]);
    const lib = {
      license: 'MPL-2.0',
      optionalDependencies: { 'lib-linux': '1', 'lib-macos': '1', 'lib-windows': '1' },
    };
    const lockfile = lockfileText(
      { 'node_modules/lib': lib, ...Object.fromEntries(parts) },
      { dependencies: { lib: '1' } },
    );

    const { json, markdown } = await runAudit({ lockfile });

    expect(json.findings).toHaveLength(1);
    expect(json.findings[0]?.packages).toHaveLength(4);
    expect(markdown).toContain('| lib 1.0.0 and 3 it asks for |');
    expect(markdown).not.toContain('lib-macos');
  });
});

describe('the Markdown', () => {
  test('is short and passes where all is well', async () => {
    const { json, markdown } = await runAudit({
      lockfile: lockfileText({ 'node_modules/a': {} }, { dependencies: { a: '1' } }),
    });

    expect(json.verdict).toBe('pass');
    expect(markdown).toContain('**Verdict: pass.**');
    expect(markdown.split('\n').length).toBeLessThan(70);
  });

  test('text from the lockfile can break neither a table nor the terminal', async () => {
    const { markdown } = await runAudit({ lockfile: troubled });

    expect(markdown).toContain('use \\| new \\[31m');
    expect(markdown).not.toContain('\u001b');
  });

  test('holds no more rows than one reads, and says how many are left', async () => {
    const entries = Array.from({ length: 30 }, (_, at) => [`node_modules/p${at}`, { deprecated: `gone ${at}` }]);
    const dependencies = Object.fromEntries(entries.map((_, at) => [`p${at}`, '1']));

    const { json, markdown } = await runAudit({
      lockfile: lockfileText(Object.fromEntries(entries), { dependencies }),
    });

    expect(json.findings[0]?.packages).toHaveLength(30);
    expect(markdown).toContain("… and 22 more, in the report's JSON.");
    expect(markdown).not.toContain('gone 29');
  });

  test('is the same to the byte for the same input', async () => {
    const [first, second] = [await runAudit({ lockfile: troubled }), await runAudit({ lockfile: troubled })];

    expect(first.markdown).toBe(second.markdown);
    expect(JSON.stringify(first.json)).toBe(JSON.stringify(second.json));
  });

  test('does not depend on the order of the lockfile', async () => {
    const { packages, ...rest } = JSON.parse(troubled);
    const reversed = JSON.stringify({ ...rest, packages: Object.fromEntries(Object.entries(packages).reverse()) });

    expect((await runAudit({ lockfile: reversed })).markdown).toBe((await runAudit({ lockfile: troubled })).markdown);
  });
});
