// Catch: what to do with an error that retries and fallback left, by its name; the first clause that matches is taken.
// Graphs go on with an output in the failed node's place; conditional workflows may go on to another node.
import { defineNode } from 'fanjoin/node';
import { NodeResult } from 'fanjoin/node-result';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Member = z.object({ name: z.string(), picture: z.string().nullable(), csv: z.string() });

class MemberError extends Error {
  override readonly name: 'NoPicture' | 'MalformedRow';
  constructor(name: 'NoPicture' | 'MalformedRow', message: string) {
    super(message);
    this.name = name;
  }
}

const cropPicture = defineNode({
  type: 'members.crop-picture',
  input: Member,
  output: z.object({ picture: z.string() }),
  // Fails without throwing: the same to the engine.
  execute: ({ name, picture }) =>
    picture === null
      ? NodeResult.failure(new MemberError('NoPicture', `${name} has no picture`))
      : { picture: `${picture}?crop=square` },
});

const printCard = defineNode({
  type: 'members.print-card',
  input: z.object({ picture: z.string() }),
  output: z.object({ card: z.string() }),
  execute: ({ picture }) => ({ card: `card with ${picture}` }),
});

export default defineWorkflow({
  name: 'member-card',
  input: Member,
  nodes: {
    picture: {
      handler: cropPicture,
      catch: [{ errors: ['NoPicture'], output: { picture: 'blank.png', because: '{% $error.message %}' } }],
    },
    card: { handler: printCard, dependsOn: ['picture'] },
  },
});

const readRow = defineNode({
  type: 'members.read-row',
  input: Member,
  output: z.array(z.string()),
  execute({ csv }) {
    const fields = csv.split(';');
    if (fields.length !== 2) throw new MemberError('MalformedRow', `A row has 2 fields, this one ${fields.length}`);
    return fields;
  },
});

const setAside = defineNode({
  type: 'members.set-aside',
  input: Member,
  output: z.object({ setAside: z.string() }),
  execute: ({ csv }) => ({ setAside: csv }),
});

export const importMember = defineWorkflow({
  name: 'import-member',
  strategy: 'conditional',
  input: Member,
  start: 'readRow',
  nodes: {
    readRow: { handler: readRow, catch: [{ errors: ['Malformed*'], next: 'setAside' }] },
    setAside: { handler: setAside },
  },
});
