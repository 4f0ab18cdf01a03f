import type { NodeDefinition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { pathText } from './json.ts';
import { markersIn } from './secret-references.ts';

type Report = (path: string, code: string, message: string) => void;

/** A secret a node's input names. */
export interface NamedSecret {
  readonly node: NodeId;
  /** `nodes.charge.input.apiKey` */
  readonly path: string;
  readonly name: string;
}

/** The secrets that a definition's nodes name. What stands where no handler is given it, or is misspelt, is reported. */
export function checkSecrets(entries: readonly [NodeId, NodeDefinition][], report: Report): NamedSecret[] {
  const secrets: NamedSecret[] = [];
  for (const [node, definition] of entries) {
    for (const [field, mapping, isForHandler] of mappingsOf(definition)) {
      for (const { path, name } of markersIn(mapping, ['nodes', node, ...field])) {
        const at = pathText(path);
        if (name === undefined) report(at, 'INVALID_SECRET', MISSPELT_SECRET);
        else if (!isForHandler) report(at, 'SECRET_NOT_ALLOWED', NOT_FOR_HANDLER);
        if (name !== undefined) secrets.push({ node, path: at, name });
      }
    }
  }
  return secrets;
}

/** What is wrong with a marker that names nothing. */
export const MISSPELT_SECRET =
  'is no reference to a secret: write { $secret: name } with nothing beside it; a name has a letter, then up to 79 letters, digits, - and _, and cannot be computed';

const NOT_FOR_HANDLER =
  'refers to a secret where its value would have to be kept; only the input (of a map also the itemInput) of a node with a handler can';

/** A node's mappings, and whether what they give goes to a handler and nowhere else. */
function mappingsOf(node: NodeDefinition): [field: (string | number)[], mapping: Json, isForHandler: boolean][] {
  const isHandled = node.type === 'task' || node.type === 'map';
  const mappings: [(string | number)[], Json, boolean][] = [];
  if (node.input !== undefined) mappings.push([['input'], node.input, isHandled]);
  if (node.type === 'transform') mappings.push([['output'], node.output, false]);
  if (node.type === 'map' && node.itemInput !== undefined) mappings.push([['itemInput'], node.itemInput, true]);
  if (isHandled) {
    node.catch?.forEach(({ output }, index) => {
      if (output !== undefined) mappings.push([['catch', index, 'output'], output, false]);
    });
  }
  return mappings;
}
