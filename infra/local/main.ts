/**
 * `node infra/local/main.ts`: runs the local stack until Ctrl-C.
 * `node infra/local/main.ts run examples/audit …`: runs the stack for one command of the CLI.
 *
 * `--secrets stripe-key,smtp-password` before either: the stack has these secrets; their values are in the environment,
 * as `FANJOIN_SECRET_STRIPE_KEY` and so on.
 */
import { flush, processIo } from '../../cli/command-io.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { ignoredInShort } from './ignored-properties.ts';
import { type LocalStack, startLocalStack } from './local-stack.ts';

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

async function main(given: readonly string[]): Promise<number> {
  const { newSecrets, args } = takeSecrets(given);
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
  await using stack = await startLocalStack({
    newSecrets,
    ...(otlpEndpoint !== undefined && { tracing: { otlpEndpoint } }),
  });
  // Awaited here: the stack stops when this function returns.
  if (args.length > 0) {
    say(
      `Without an effect here: ${ignoredInShort().length} kinds of resources, or properties of them (npm run local lists them).`,
    );
    return await runCommand(stack, args);
  }
  say(greeting(stack));
  await interrupted();
  say('Stopping.');
  return 0;
}

function takeSecrets([first, names, ...rest]: readonly string[]): { newSecrets: string[]; args: readonly string[] } {
  if (first !== '--secrets')
    return { newSecrets: [], args: [first, names, ...rest].filter((arg) => arg !== undefined) };
  if (names === undefined)
    throw new FanjoinError('USAGE', 'Name the secrets: npm run local -- --secrets stripe-key,smtp-password');
  return { newSecrets: names.split(',').map((name) => name.trim()), args: rest };
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

const greeting = (
  stack: LocalStack,
): string => `The stack runs on this machine, with Amazon's DynamoDB Local, fauxqs and worker threads in place of AWS:

  API   ${stack.url}
  Stop  Ctrl-C

It takes requests from this machine only, and signed ones only, as in the cloud. In another terminal:

${Object.entries(stack.environment)
  .map(([name, value]) => `  export ${name}=${value}`)
  .join('\n')}
  npx fanjoin run examples/orders --input examples/orders/inputs/shipped.json --endpoint ${stack.url}

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

const io = processIo();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(
    error instanceof FanjoinError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error),
  );
  process.exitCode = 1;
}
await flush(io);
// The command may have left connections behind.
process.exit();
