import type { LoadedWorkflow } from './load-workflow.ts';

const SOURCE = 'fanjoin.source';
const HANDLERS = 'fanjoin.handlers';
/** The longest value a tag may have. */
const MAX_LENGTH = 1_000;

/** Where an execution's workflow and handlers came from, as absolute paths. */
export interface Sources {
  readonly source: string | undefined;
  readonly handlers: string | undefined;
}

/** The tags that let `resume` find the handlers again. A path too long for a tag is left out; `resume` asks for it then. */
export function sourceTags({
  file,
  handlersFile,
}: Pick<LoadedWorkflow, 'file' | 'handlersFile'>): Record<string, string> {
  return {
    ...(file.length <= MAX_LENGTH && { [SOURCE]: file }),
    ...(handlersFile !== undefined && handlersFile.length <= MAX_LENGTH && { [HANDLERS]: handlersFile }),
  };
}

export const sourcesOf = (tags: Readonly<Record<string, string>> = {}): Sources => ({
  source: tags[SOURCE],
  handlers: tags[HANDLERS],
});
