import { compile } from '../../shared/core/compile.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { InvalidDefinitionError, type Issue } from '../../shared/errors.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';

type Fields = { readonly [field: string]: Json };

/** A task as definitions write it. */
export const aTask = (overrides: Fields = {}): Fields => ({ handler: 'test.behave', ...overrides });

export const aMap = (overrides: Fields = {}): Fields => ({ type: 'map', handler: 'test.behave', ...overrides });

export const aTransform = (overrides: Fields = {}): Fields => ({ type: 'transform', output: null, ...overrides });

/** A workflow as users write it. */
export const aWorkflow = (
  nodes: DefinitionInput['nodes'],
  overrides: Omit<Partial<DefinitionInput>, 'nodes'> = {},
): DefinitionInput => ({ name: 'a-workflow', nodes, ...overrides });

/** A definition as users write it; unchecked, so that it may be wrong. */
export const aDefinition = (nodes: { readonly [id: string]: Json }, overrides: Fields = {}): Fields => ({
  name: 'a-workflow',
  nodes,
  ...overrides,
});

export const aPlan = (nodes: { readonly [id: string]: Json }, overrides: Fields = {}): Plan =>
  compile(aDefinition(nodes, overrides));

/** What `compile` has against a definition; nothing if it takes it. */
export function issuesOf(definition: unknown): readonly Issue[] {
  try {
    compile(definition);
    return [];
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.issues;
    throw error;
  }
}
