/**
 * Puts figures in the place of those that a part of the long proof wrote before.
 * @throws if the document has no place for them
 */
export function withFigures(document: string, part: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${part}: written by npm run test:long -->`, `<!-- end of ${part} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The document has no place for the figures of '${part}': '${begin}'`);
  return `${document.slice(0, from)}${begin}\n\n${lines.join('\n')}\n\n${document.slice(to)}`;
}
