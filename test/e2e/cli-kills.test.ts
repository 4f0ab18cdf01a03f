import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Random } from '../support/random-workflow-source.ts';
import { CliSandbox, ROOT } from '../unit/cli/cli-process.ts';

const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const AUDIT = join(ROOT, 'examples/audit');
/** How long the audit takes here, from its first write on: kills are spread over it, and a little beyond. */
const AUDIT_MS = 700;

describe(`kill -9 during the audit (SEED=${SEED})`, () => {
  it(`at ${KILLS} random moments: resume prints the same report each time`, { timeout: 900_000 }, async () => {
    await using sandbox = new CliSandbox();
    const random = new Random(SEED);
    const whole = await sandbox.run(['run', AUDIT, '--database', 'whole.db']);
    expect(whole.code).toBe(0);
    let interrupted = 0;

    for (let kill = 0; kill < KILLS; kill++) {
      const database = ['--database', `${kill}.db`];
      const killed = sandbox.start(['run', AUDIT, '--id', 'audit', ...database]);
      await killed.untilStderr('audit');
      await delay(random.int(0, AUDIT_MS));
      killed.kill('SIGKILL');
      const { code } = await killed.finished;
      if (code === null) interrupted++;

      const resumed = await sandbox.run(['resume', 'audit', ...database]);

      expect(resumed.code, `kill ${kill}: ${resumed.stderr}`).toBe(0);
      expect(resumed.stdout, `kill ${kill}`).toBe(whole.stdout);
    }
    expect(interrupted).toBeGreaterThan(KILLS / 2);
  });
});
