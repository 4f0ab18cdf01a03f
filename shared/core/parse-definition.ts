import { hash } from 'node:crypto';
import { InvalidDefinitionError, InvalidInputError } from '../errors.ts';
import { Definition } from '../model/definition.ts';
import { DefinitionHash } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { canonicalJson, toJson } from './json.ts';
import { parseGivenFields } from './parse-given-fields.ts';
import { zodIssues } from './zod-issues.ts';

/**
 * A definition as its schema says, and its SHA-256 in canonical form. The order of the nodes counts: states and messages
 * name them by index.
 *
 * @throws {InvalidDefinitionError} what is no JSON, not as the schema says, or too large
 */
export function parseDefinition(source: unknown): { definition: Definition; hash: DefinitionHash } {
  const name = nameOf(source);
  const json = asJson(source, name);
  // The schema would pass over it, and the node be gone.
  if (hasField(fieldOf(json, 'nodes'), '__proto__')) {
    throw new InvalidDefinitionError(name, [
      { path: 'nodes.__proto__', code: 'INVALID_VALUE', message: 'is no id a node can have' },
    ]);
  }
  const definition = parseGivenFields(json) ?? parseAll(json, name);
  const text = canonicalJson(definition);
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.maxDefinitionBytes) {
    const message = `has ${bytes} bytes of JSON; at most ${LIMITS.maxDefinitionBytes} are allowed`;
    throw new InvalidDefinitionError(name, [{ path: '', code: 'DEFINITION_TOO_LARGE', message }]);
  }
  const ordered = `{"definition":${text},"order":${JSON.stringify(Object.keys(definition.nodes))}}`;
  return { definition, hash: DefinitionHash.parse(hash('sha256', ordered)) };
}

function parseAll(json: Json, name: string): Definition {
  const parsed = Definition.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new InvalidDefinitionError(name, zodIssues(parsed.error));
}

/** What is not JSON, or nested without end, is found here, before anything walks it. */
function asJson(source: unknown, name: string): Json {
  try {
    return toJson(source, 'the definition', 'write');
  } catch (error) {
    if (error instanceof InvalidInputError) throw new InvalidDefinitionError(name, error.issues);
    throw error;
  }
}

const hasField = (json: Json | undefined, field: string): json is { readonly [key: string]: Json } =>
  typeof json === 'object' && json !== null && Object.hasOwn(json, field);

const fieldOf = (json: Json, field: string): Json | undefined => (hasField(json, field) ? json[field] : undefined);

const nameOf = (source: unknown): string =>
  typeof source === 'object' && source !== null && 'name' in source && typeof source.name === 'string'
    ? source.name
    : '(unnamed)';
