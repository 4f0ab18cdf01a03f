import type { z } from 'zod';
import type { Issue } from '../errors.ts';

/** zod's issues as ours, with paths written `nodes.ship.dependsOn[1]`. */
export function zodIssues(error: z.ZodError): Issue[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (path, key) =>
        typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`,
      '',
    ),
    code: 'INVALID_VALUE',
    message:
      issue.code === 'invalid_key'
        ? `${issue.message}: ${issue.issues.map(({ message }) => message).join('; ')}`
        : issue.message,
  }));
}
