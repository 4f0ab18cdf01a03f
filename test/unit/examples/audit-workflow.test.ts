import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AuditInput } from '../../../examples/audit/input.ts';
import workflow, { commandLine } from '../../../examples/audit/workflow.ts';
import { toJson } from '../../../shared/core/json.ts';
import { createTestExecutor, historyOf } from '../../../shared/testing/testing.ts';
import { lockfileText, runAudit } from './audit-fixtures.ts';

const repository = join(import.meta.dirname, '../../..');

async function run(input: AuditInput) {
  await using executor = createTestExecutor({ workflow });
  const handle = await executor.start(workflow, input);
  const { status, output, error } = await handle.result();
  return { status, output, error, history: await historyOf(handle), executor };
}

describe('the audit as a workflow', () => {
  test("reports on this repository's lockfile what its handlers report one after another", async () => {
    const lockfile = readFileSync(join(repository, 'package-lock.json'), 'utf8');

    const { status, output } = await run(AuditInput.parse({ lockfile }));

    expect(status).toBe('SUCCEEDED');
    expect(output).toEqual(toJson(await runAudit({ lockfile }), 'the report'));
  });

  test.each([0, 1])('a lockfile of %i packages is no special case to its expressions', async (count) => {
    const entries = Object.fromEntries(Array.from({ length: count }, () => ['node_modules/a', {}]));

    const { status, output, executor } = await run(
      AuditInput.parse({ lockfile: lockfileText(entries, count === 0 ? {} : { dependencies: { a: '1' } }) }),
    );

    expect(status).toBe('SUCCEEDED');
    expect(executor.calls('check')).toHaveLength(count);
    expect(output).toMatchObject({ json: { verdict: 'pass' } });
  });

  test('where the folder is not on the machine the fallback says so', async () => {
    const { history, output } = await run(
      AuditInput.parse({ lockfile: lockfileText({ 'node_modules/a': {} }), folder: '/not/here' }),
    );

    expect(history.join('\n')).toMatch(/^sizes succeeded \(fallback, \w+\)$/m);
    expect(output).toMatchObject({
      json: { sizes: { isMeasured: false, reason: '/not/here is not on the machine that ran the audit' } },
    });
  });

  test('a text that is no lockfile fails it, with what to do', async () => {
    const { status, error } = await run(AuditInput.parse({ lockfile: '{"lockfileVersion":1}' }));

    expect(status).toBe('FAILED');
    expect(error).toMatchObject({ name: 'LockfileError', code: 'LOCKFILE_VERSION_1' });
  });
});

describe("the audit's command line", () => {
  test("takes this repository's lockfile when none is given", async () => {
    const input = await commandLine.input(undefined);

    expect(input.folder).toBe(repository);
    expect(input.lockfile).toBe(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
  });

  test('takes a folder, with the policy in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'));
    await writeFile(join(folder, 'package-lock.json'), '{}');
    await writeFile(join(folder, 'audit-policy.json'), '{"approvedInstallScripts":["esbuild"]}');

    const input = await commandLine.input(folder);
    await rm(folder, { recursive: true });

    expect(input).toMatchObject({
      lockfile: '{}',
      fileName: 'package-lock.json',
      folder,
      policy: { approvedInstallScripts: ['esbuild'] },
    });
    expect(input.policy.licences.allowed).toContain('MIT');
  });

  test('a policy with a misspelt field is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'));
    await writeFile(join(folder, 'package-lock.json'), '{}');
    await writeFile(join(folder, 'audit-policy.json'), '{"licenses":{}}');

    await expect(commandLine.input(folder)).rejects.toThrow('licenses');
    await rm(folder, { recursive: true });
  });
});
