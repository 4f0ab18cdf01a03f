import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliSandbox, ROOT } from '../unit/cli/cli-process.ts';
import { writeGatedWorkflow, writeOneNodeWorkflow } from '../unit/cli/workflow-files.ts';

const AUDIT = join(ROOT, 'examples/audit');
const ORDERS = join(ROOT, 'examples/orders');
const order = (name: string): string => join(ORDERS, 'inputs', `${name}.json`);

let sandbox: CliSandbox;

beforeEach(() => {
  sandbox = new CliSandbox();
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const openGate = (): void => writeFileSync(sandbox.path('gate'), '');
const ran = (): string[] => readFileSync(sandbox.path('ran'), 'utf8').trim().split('\n');

describe('run', () => {
  it('prints the output on stdout and a line for each node on stderr, without colours on a pipe', async () => {
    const { code, stdout, stderr } = await sandbox.run(['run', AUDIT]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^# Dependency audit: fanjoin/);
    expect(stderr).toMatch(/^dependency-audit [0-9A-Z]{26} · fanjoin describe\|cancel\|resume <id>\n/);
    for (const node of ['parse', 'check', 'duplicates', 'reach', 'sizes', 'report']) {
      expect(stderr).toMatch(new RegExp(`^✓ ${node} .*\\d+ m?s$`, 'm'));
    }
    expect(stderr).toMatch(/\n✓ dependency-audit SUCCEEDED in [\d.]+ m?s · 6 nodes\n$/);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(existsSync(sandbox.path('.fanjoin/fanjoin.db'))).toBe(true);
  });

  it('with --json prints the whole result, and with --quiet nothing on stderr', async () => {
    const { code, stdout, stderr } = await sandbox.run([
      'run',
      ORDERS,
      '--input',
      order('courier-down'),
      '--json',
      '--quiet',
    ]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      workflow: 'order-fulfilment',
      status: 'SUCCEEDED',
      success: true,
      output: { status: 'SHIPPED', tracking: 'post-A-1006' },
      nodeExecutionOrder: expect.arrayContaining(['validate', 'ship']),
    });
    expect(stderr).toBe('');
  });

  it('of an execution that fails exits with 1 and says why, where, and how to go on', async () => {
    const { code, stdout, stderr } = await sandbox.run(['run', ORDERS, '--input', order('invalid'), '--id', 'order-1']);

    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('✗ validate failed: InvalidNodeInput: ');
    expect(stderr).toMatch(/✗ order-fulfilment FAILED in [\d.]+ m?s · 0 of 7 nodes succeeded, 1 failed, 6 skipped/);
    expect(stderr).toContain('fanjoin redrive order-1');
  });

  it('shows retries, fallbacks and skipped nodes as such', async () => {
    const { stderr } = await sandbox.run(['run', ORDERS, '--input', `@${order('courier-down')}`]);

    expect(stderr).toMatch(/^✓ ship \d+ ms \(fallback after Error: The courier does not answer\)$/m);
    expect(stderr).toMatch(/^– refund skipped$/m);
  });

  it('reads the input from stdin', async () => {
    const input = readFileSync(order('shipped'), 'utf8');

    const { code, stdout } = await sandbox.run(['run', ORDERS, '--input', '-', '-q'], { input });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'SHIPPED' });
  });

  it('ends by itself although a handler left a timer behind', async () => {
    const file = writeOneNodeWorkflow(sandbox.directory, 'setInterval(() => {}, 1_000); return 1;');

    const { code, stdout } = await sandbox.run(['run', file, '-q']);

    expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' });
  });

  it('does not cut a large output short', async () => {
    const file = writeOneNodeWorkflow(sandbox.directory, `return 'x'.repeat(5_000_000);`);

    const { stdout } = await sandbox.run(['run', file, '-q']);

    expect(stdout).toHaveLength(5_000_003);
  });

  it('finds the execution it started before by its id, and runs nothing again', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    openGate();
    const first = await sandbox.run(['run', file, '--id', 'twice']);

    const second = await sandbox.run(['run', file, '--id', 'twice']);

    expect(second.code).toBe(0);
    expect(second.stdout).toBe(first.stdout);
    expect(ran()).toEqual(['first', 'gated', 'last']);
  });
});

describe('what was compiled', () => {
  const tells = `const { getCompileCacheDir } = await import('node:module'); return getCompileCacheDir() ?? 'nowhere';`;

  it.each([
    [join(ROOT, 'node_modules/.cache/fanjoin'), {}],
    ['nowhere', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ])('is kept for the next start: %s, where the environment has %j', async (where, env) => {
    const workflow = writeOneNodeWorkflow(sandbox.directory, tells);

    const { stdout } = await sandbox.run(['run', workflow, '--quiet'], { env });

    expect(stdout).toContain(where);
  });
});

describe('after a crash', () => {
  it('resume prints byte for byte what the run would have, and does not repeat what had finished', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const crashed = sandbox.start(['run', file]);
    await crashed.untilStderr('✓ first');
    crashed.kill('SIGKILL');
    await crashed.finished;
    openGate();

    const resumed = await sandbox.run(['resume']);

    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('1 of 3 nodes stand');
    expect(resumed.stderr).not.toContain('✓ first');
    expect(ran()).toEqual(['first', 'gated', 'gated', 'last']);
    const whole = await sandbox.run(['run', file, '--database', 'other.db']);
    expect(resumed.stdout).toBe(whole.stdout);
  });

  it('an audit that was killed on its way is resumed to the same report', async () => {
    const crashed = sandbox.start(['run', AUDIT, '--id', 'audit']);
    await crashed.untilStderr('✓ parse');
    crashed.kill('SIGKILL');
    await crashed.finished;

    const resumed = await sandbox.run(['resume', 'audit']);
    const again = await sandbox.run(['resume', 'audit']);
    const whole = await sandbox.run(['run', AUDIT]);

    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toBe(whole.stdout);
    expect(again.stdout).toBe(whole.stdout);
  });

  it('run with the same id goes on too', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const crashed = sandbox.start(['run', file, '--id', 'mine']);
    await crashed.untilStderr('✓ first');
    crashed.kill('SIGKILL');
    await crashed.finished;
    openGate();

    const { code } = await sandbox.run(['run', file, '--id', 'mine']);

    expect(code).toBe(0);
    expect(ran()).toEqual(['first', 'gated', 'gated', 'last']);
  });

  it('cancel ends what nobody runs any more', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const crashed = sandbox.start(['run', file, '--id', 'left']);
    await crashed.untilStderr('✓ first');
    crashed.kill('SIGKILL');
    await crashed.finished;

    const cancelled = await sandbox.run(['cancel', 'left']);
    const printed = await sandbox.run(['resume', 'left']);

    expect(cancelled).toMatchObject({ code: 0, stdout: 'left CANCELLED\n' });
    expect(printed.code).toBe(1);
  });
});

describe('Ctrl-C', () => {
  it('keeps the execution, says how to go on, and exits with 130', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const running = sandbox.start(['run', file, '--id', 'kept']);
    await running.untilStderr('✓ first');

    running.kill('SIGINT');

    const { code, stdout, stderr } = await running.finished;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/detached: kept is kept as it stands. Continue it with: fanjoin resume kept \(until /);
    openGate();
    expect(await sandbox.run(['resume', 'kept', '-q'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('while another process runs it', () => {
  it('describe shows how it stands, and cancel ends it', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const running = sandbox.start(['run', file, '--id', 'live']);
    await running.untilStderr('✓ first');

    const described = await sandbox.run(['describe', 'live', '--json']);
    const cancelled = await sandbox.run(['cancel', 'live']);
    const { code, stderr } = await running.finished;

    expect(JSON.parse(described.stdout)).toMatchObject({
      status: 'RUNNING',
      progress: { succeeded: 1, running: ['gated'] },
    });
    expect(cancelled).toMatchObject({ code: 0, stdout: 'live CANCELLED\n' });
    expect(code).toBe(1);
    expect(stderr).toContain('gated CANCELLED in');
  });

  it('pause lets its running node finish, and resume goes on with the rest', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const running = sandbox.start(['run', file, '--id', 'paused']);
    await running.untilStderr('✓ first');

    const paused = await sandbox.run(['pause', 'paused']);
    openGate();
    const stopped = await running.finished;
    const resumed = await sandbox.run(['resume', 'paused', '-q']);

    expect(paused.code).toBe(0);
    expect(stopped).toMatchObject({ code: 0, stdout: '' });
    expect(stopped.stderr).toContain('fanjoin resume paused');
    expect(resumed.code).toBe(0);
    expect(ran()).toEqual(['first', 'gated', 'last']);
  });

  it('start records beside it, and run and resume say who holds the database', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    const running = sandbox.start(['run', file, '--id', 'holder']);
    await running.untilStderr('✓ first');

    const started = await sandbox.run(['start', file, '--id', 'later']);
    const second = await sandbox.run(['run', file, '--json']);
    const resumed = await sandbox.run(['resume', 'later']);

    expect(started).toMatchObject({ code: 0, stdout: 'later\n' });
    expect(second.code).toBe(4);
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'DATABASE_IN_USE' } });
    expect(resumed.code).toBe(4);
    expect(resumed.stderr).toMatch(/^error: The database .* is in use by another engine \(process \d+\)/);
  });
});

describe('start and resume', () => {
  it('what was recorded runs when it is resumed; several open ones are listed', async () => {
    const file = writeGatedWorkflow(sandbox.directory);
    openGate();
    await sandbox.run(['start', file, '--id', 'a', '-q']);
    await sandbox.run(['start', file, '--id', 'b', '-q']);

    const unclear = await sandbox.run(['resume']);
    const b = await sandbox.run(['resume', 'b', '-q']);
    const rest = await sandbox.run(['resume', '-q']);
    const none = await sandbox.run(['resume']);

    expect(unclear.code).toBe(2);
    expect(unclear.stderr).toMatch(
      /Several executions are open; name one:\n {2}fanjoin resume a {3}gated, RUNNING.*\n {2}fanjoin resume b /,
    );
    expect(b.code).toBe(0);
    expect(rest.stdout).toBe(b.stdout);
    expect(none.code).toBe(3);
  });

  it('redrive goes on from the node that failed', async () => {
    const body = `if (!existsSync('mended')) throw new Error('broken'); return 'whole';`;
    const file = writeOneNodeWorkflow(sandbox.directory, body);
    const failed = await sandbox.run(['run', file, '--id', 'x']);
    writeFileSync(sandbox.path('mended'), '');

    const redriven = await sandbox.run(['redrive', 'x', '-q']);

    expect(failed.code).toBe(1);
    expect(redriven).toMatchObject({ code: 0, stdout: '"whole"\n' });
  });
});

describe('validate and graph', () => {
  it('a valid workflow is counted, an invalid one has every issue with its place', async () => {
    writeFileSync(
      sandbox.path('workflow.yaml'),
      'name: broken\nnodes:\n  a:\n    handler: no.such\n  b:\n    type: transform\n    output: 1\n    dependsOn: [a, c]\n',
    );

    const valid = await sandbox.run(['validate', ORDERS]);
    const invalid = await sandbox.run(['validate', sandbox.directory]);

    expect(valid.code).toBe(0);
    expect(valid.stdout).toContain(
      'is valid: order-fulfilment, parallel, 7 nodes (6 task, 1 transform), 14 edges, 7 handlers',
    );
    expect(invalid.code).toBe(2);
    expect(invalid.stderr).toContain(`workflow.yaml:4:5  nodes.a.handler: no handler 'no.such'`);
    expect(invalid.stderr).toContain(`workflow.yaml:8:20  nodes.b.dependsOn[1]: names a node that does not exist: 'c'`);
  });

  it('graph prints a flowchart', async () => {
    const { code, stdout } = await sandbox.run(['graph', AUDIT, '--direction', 'LR']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^flowchart LR\n {2}n0\["parse<br\/>audit.parse"\]\n/);
  });
});

describe('exit codes', () => {
  it.each([
    [0, ['--help']],
    [0, ['run', '--help']],
    [0, ['--version']],
    [2, []],
    [2, ['frobnicate']],
    [2, ['run']],
    [2, ['run', 'no-such-folder']],
    [2, ['run', AUDIT, '--frobnicate']],
    [2, ['run', AUDIT, '--input', 'no-such.json']],
    [2, ['run', ORDERS, '--input', '{']],
    [2, ['run', ORDERS, '--config', 'maxParallelNodes=0']],
    [2, ['run', ORDERS, '--id', 'not an id']],
    [2, ['run', ORDERS, '--database', 'x.db', '--endpoint', 'http://127.0.0.1:1']],
    [3, ['describe', 'nobody']],
    [3, ['cancel', 'nobody']],
    [3, ['resume', 'nobody']],
    [3, ['resume']],
    [4, ['describe', 'nobody', '--endpoint', 'http://127.0.0.1:1']],
    [4, ['describe', 'nobody', '--database', '/']],
  ])('%i: fanjoin %j', async (expected, args) => {
    const { code, stdout, stderr } = await sandbox.run(args);

    expect(code).toBe(expected);
    if (expected > 0) expect(stdout).toBe('');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(sandbox.path('.fanjoin'))).toBe(false);
  });
});
