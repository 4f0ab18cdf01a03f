import * as z from 'zod';
import type { Issue } from '../shared/errors.ts';
import type { AnyHandler } from '../shared/nodes/define-node.ts';

/** As much of a definition as names handlers; the rest may be as wrong as it likes. */
const Named = z.looseObject({
  handler: z.string().optional().catch(undefined),
  fallback: z.looseObject({ handler: z.string() }).optional().catch(undefined),
});
const Nodes = z.looseObject({ nodes: z.record(z.string(), z.unknown()) });

/** The handlers a definition names and nobody has; also of one that is not valid otherwise. */
export function missingHandlers(
  definition: unknown,
  handlers: readonly Pick<AnyHandler, 'type'>[],
  handlersFile: string | undefined,
): Issue[] {
  const parsed = Nodes.safeParse(definition);
  if (!parsed.success) return [];
  const known = new Set(handlers.map(({ type }) => type));
  return Object.entries(parsed.data.nodes).flatMap(([id, node]) => {
    const { data } = Named.safeParse(node);
    const named = [
      [`nodes.${id}.handler`, data?.handler],
      [`nodes.${id}.fallback.handler`, data?.fallback?.handler],
    ] as const;
    return named.flatMap(([path, type]) =>
      type === undefined || known.has(type)
        ? []
        : [{ path, code: 'UNREGISTERED_HANDLER', message: problemOf(type, [...known].sort(), handlersFile) }],
    );
  });
}

function problemOf(type: string, known: readonly string[], handlersFile: string | undefined): string {
  if (handlersFile === undefined)
    return `no handler '${type}': there is no handlers.ts beside the workflow; name its file with --handlers`;
  const there =
    known.length === 0
      ? 'exports none'
      : known.length <= 12
        ? `exports: ${known.join(', ')}`
        : `exports ${known.length} others`;
  return `no handler '${type}': ${handlersFile} ${there}`;
}
