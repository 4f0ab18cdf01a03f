import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  definitions,
  hostileDefinitions,
  hostileYaml,
  tryDefinition,
  tryDefinitionFile,
  YAML_ATTACKS,
} from './definition-trials.ts';

const ENDS = ['ok', 'INVALID_DEFINITION', 'PAYLOAD_TOO_LARGE'];

describe('a definition', () => {
  it('that its own schema makes is compiled, or refused with its issues', async () => {
    await fc.assert(
      fc.asyncProperty(definitions, async (definition) => {
        expect(ENDS).toContain((await tryDefinition(definition)).code);
      }),
      { numRuns: 400 },
    );
  });

  it('that nobody expects is compiled, or refused with its issues', async () => {
    await fc.assert(
      fc.asyncProperty(hostileDefinitions, async (definition) => {
        expect(ENDS).toContain((await tryDefinition(definition)).code);
      }),
      { numRuns: 600 },
    );
  });
});

describe('a definition file', () => {
  it.each(Object.entries(YAML_ATTACKS))('with %s is refused with its issues', async (_what, text) => {
    const { code } = await tryDefinitionFile(text);

    expect(ENDS.slice(1)).toContain(code);
  });

  it('of any text is a definition, or refused with its issues', async () => {
    await fc.assert(
      fc.asyncProperty(hostileYaml, async (text) => {
        expect(ENDS).toContain((await tryDefinitionFile(text)).code);
      }),
      { numRuns: 400 },
    );
  });
});
