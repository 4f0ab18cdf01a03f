import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { Palette } from '../text.ts';
import { mapLine, nodeLine, skippedLine } from './node-line.ts';
import { skippedByRule } from './skipped-nodes.ts';
import { endedNodes, type ProgressSnapshot, type ProgressView, planOf } from './snapshot.ts';

/** A map's line comes at most so often. */
const MAP_LINE_MS = 1_000;

export interface LineViewOptions {
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
  readonly palette: Palette;
  /** The workflow, if it is at hand. */
  readonly plan: Plan | undefined;
  /** Nodes that had ended before. */
  readonly endedBefore: ReadonlySet<string>;
}

/** Progress for a pipe or a file: a line for each node when it has ended, and for each map from time to time. */
export class LineView implements ProgressView {
  readonly #options: LineViewOptions;
  readonly #ended: Set<string>;
  readonly #maps = new Map<string, { settledChunks: number; items: number; shownAtMs: number }>();
  #shown = '';

  constructor(options: LineViewOptions) {
    this.#options = options;
    this.#ended = new Set(options.endedBefore);
  }

  wantsResults(description: ExecutionDescription): boolean {
    // In a loop the counts may stand still while visits end.
    const mayLoop = planOf(this.#options.plan, description)?.kind !== 'graph';
    const now = `${endedNodes(description)} ${description.progress.running.join(' ')}`;
    const isNews = mayLoop || now !== this.#shown;
    this.#shown = now;
    return isNews;
  }

  show({ description, ended, nowMs }: ProgressSnapshot): void {
    const { palette, write } = this.#options;
    const plan = planOf(this.#options.plan, description);
    for (const [nodeId, map] of Object.entries(description.progress.maps)) {
      const known = this.#maps.get(nodeId);
      const isDue =
        known === undefined || (map.settledChunks > known.settledChunks && nowMs - known.shownAtMs >= MAP_LINE_MS);
      if (!isDue || map.settledChunks === 0) continue;
      write(mapLine(nodeId, map, plan, { palette }));
      this.#maps.set(nodeId, { settledChunks: map.settledChunks, items: map.items, shownAtMs: nowMs });
    }
    for (const result of ended) {
      write(nodeLine(result, { palette, items: this.#maps.get(result.nodeId)?.items }));
      this.#ended.add(result.nodeId);
    }
    for (const nodeId of skippedByRule(plan, description, this.#ended)) {
      this.#ended.add(nodeId);
      write(skippedLine(nodeId, { palette }));
    }
  }

  close(): void {}
}
