import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import * as z from 'zod';
import { canRunEmulators } from '../support/aws-emulators.ts';

/** What the tests of this folder are told of the stack they share. */
export const SharedStack = z.object({ url: z.string(), dynamoEndpoint: z.string(), tableName: z.string() });
export type SharedStack = z.infer<typeof SharedStack>;

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent where there is no Java. */
    readonly stack: SharedStack | undefined;
  }
}

/** Starts the stack, once for all files of this folder, in a process that ends with this one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!canRunEmulators()) {
    project.provide('stack', undefined);
    return undefined;
  }
  const child = fork(join(import.meta.dirname, 'stack-process.ts'));
  const exited = once(child, 'exit');
  const [said] = await Promise.race([once(child, 'message'), exited]);
  project.provide('stack', SharedStack.parse(said));
  return async () => {
    child.disconnect();
    await exited;
  };
}
