import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import * as z from 'zod';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { startCollector } from '../support/otlp-collector.ts';

/** What the tests of this folder are told of the stack they share. */
export const SharedStack = z.object({
  connection: z.object({
    endpoint: z.string(),
    region: z.string(),
    credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  }),
  environment: z.record(z.string(), z.string()),
  dynamoEndpoint: z.string(),
  tableName: z.string(),
});
export type SharedStack = z.infer<typeof SharedStack>;

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent where there is no Java. */
    readonly stack: SharedStack | undefined;
    /** Takes the spans of both twins; see `otlp-collector.ts`. */
    readonly collectorUrl: string;
  }
}

/** Starts the stack, once for all files of this folder, in a process that ends with this one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using cleanup = new AsyncDisposableStack();
  const collector = cleanup.use(await startCollector());
  project.provide('collectorUrl', collector.url);
  project.provide(
    'stack',
    canRunEmulators() ? await startStack([collector.url, project.getProvidedContext().advance], cleanup) : undefined,
  );
  const running = cleanup.move();
  return () => running.disposeAsync();
}

async function startStack(settings: readonly string[], cleanup: AsyncDisposableStack): Promise<SharedStack> {
  const child = fork(join(import.meta.dirname, 'stack-process.ts'), settings);
  const exited = once(child, 'exit');
  cleanup.defer(async () => {
    if (child.connected) child.disconnect();
    await exited;
  });
  const [said] = await Promise.race([once(child, 'message'), exited]);
  return SharedStack.parse(said);
}
