import type { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';

const Statement = z.object({
  Effect: z.string(),
  Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
  Resource: z.unknown().transform((resource): unknown[] => (Array.isArray(resource) ? resource : [resource])),
});
const Policy = z.object({
  Roles: z.array(z.object({ Ref: z.string() })),
  PolicyDocument: z.object({ Statement: z.array(Statement) }),
});

/** A statement of a policy. */
export interface Grant {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
}

/** What roles are allowed: of one function, by its construct's name, or of all. */
export const grantsOf = (template: Template, role = ''): Grant[] =>
  Object.values(template.findResources('AWS::IAM::Policy'))
    .map(({ Properties }) => Policy.parse(Properties))
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref.includes(`Executor${role}${role === '' ? '' : 'Role'}`)))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .map(({ Effect, Action, Resource }) => ({ effect: Effect, actions: Action, resources: Resource }));
