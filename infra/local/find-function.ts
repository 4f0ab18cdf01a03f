import { FanjoinError } from '../../shared/errors.ts';
import type { LocalFunction } from './local-function.ts';
import type { PublishedVersions } from './published-versions.ts';
import type { LocalResource, LocalResources } from './read-resources.ts';
import { functionArn } from './references.ts';

/** Finds functions by what the template calls them. */
export interface FunctionFinder {
  byId(id: string): LocalFunction;
  byArn(arn: string): LocalFunction;
  byLabel(label: string): LocalFunction;
}

/** @param functions in the order in which the template defines them */
export function finder(
  { functions: defined }: LocalResources,
  functions: readonly LocalFunction[],
  versions: PublishedVersions,
): FunctionFinder {
  const find = (what: string, isIt: (resource: LocalResource<unknown>) => boolean): LocalFunction => {
    const found = functions[defined.findIndex(isIt)];
    if (found !== undefined) return found;
    throw new FanjoinError(
      'UNKNOWN_FUNCTION',
      `There is no function ${what} here; there are ${functions.map(({ label }) => label).join(', ')}`,
    );
  };
  return {
    byId: (id) => find(id, (resource) => resource.id === id),
    byArn: (arn) => versions.find(arn) ?? find(arn, (resource) => functionArn(resource.id) === arn),
    byLabel: (label) => find(label, (resource) => resource.label === label),
  };
}
