import { cutToWidth } from './display-width.ts';

/** `poll`, `poll #2`: a node, in loops with the number of its visit. Where it is cut, it is so in the id. */
export function nodeName(
  { nodeId, visit }: { readonly nodeId: string; readonly visit: number },
  width?: number,
): string {
  const number = visit > 1 ? ` #${visit}` : '';
  return width === undefined ? nodeId + number : cutToWidth(nodeId, Math.max(1, width - number.length)) + number;
}
