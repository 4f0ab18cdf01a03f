import { createLogUpdate } from 'log-update';
import type { Plan } from '../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { OutputStream } from '../command-io.ts';
import { type Palette, plural } from '../text.ts';
import { captureOutput, type OutputCapture } from './capture-output.ts';
import { rowsTaken } from './fit-line.ts';
import { liveFrame } from './live-frame.ts';
import { nodeLine, skippedLine } from './node-line.ts';
import { skippedByRule } from './skipped-nodes.ts';
import { endedNodes, type ProgressSnapshot, type ProgressView, planOf } from './snapshot.ts';

const REDRAW_MS = 100;
/** Of a larger workflow only the failures get lines of their own. */
const MAX_NODES_LISTED = 100;
/** Loops and mass failures: beyond so many lines, nodes are only counted. */
const MAX_LINES = 200;
const MAX_ID_WIDTH = 28;
const ERASE_ROW = '\u001b[2K';
const UP = '\u001b[1A';

export interface LiveViewOptions {
  /** The terminal. */
  readonly stream: OutputStream;
  /** Streams that may lead to the same terminal. */
  readonly others: readonly OutputStream[];
  readonly palette: Palette;
  readonly plan: Plan | undefined;
  readonly endedBefore: ReadonlySet<string>;
}

/** Progress on a terminal: ended nodes scroll by as lines that stay, below them what runs now. */
export class LiveView implements ProgressView {
  readonly #options: LiveViewOptions;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #output: OutputCapture;
  readonly #timer: NodeJS.Timeout;
  readonly #ended: Set<string>;
  readonly #runningSinceMs = new Map<string, number>();
  readonly #items = new Map<string, number>();
  #description: ExecutionDescription | undefined;
  /** The frame on the screen. */
  #frame: readonly string[] = [];
  #lines = 0;
  #shown = '';

  constructor(options: LiveViewOptions) {
    this.#options = options;
    this.#ended = new Set(options.endedBefore);
    this.#draw = createLogUpdate(options.stream);
    this.#output = captureOutput([options.stream, ...options.others.filter(({ isTTY }) => isTTY === true)], (text) =>
      this.#above(text),
    );
    this.#timer = setInterval(() => this.#redraw(), REDRAW_MS);
    this.#timer.unref();
  }

  wantsResults(description: ExecutionDescription): boolean {
    const { nodes, failed, running } = description.progress;
    const isSmall = nodes <= MAX_NODES_LISTED;
    const now = isSmall ? `${endedNodes(description)} ${running.join(' ')}` : String(failed);
    const isNews = now !== this.#shown || (isSmall && planOf(this.#options.plan, description)?.kind === 'route');
    this.#shown = now;
    return isNews && this.#lines <= MAX_LINES;
  }

  show({ description, ended, nowMs }: ProgressSnapshot): void {
    this.#description = description;
    this.#noteRunning(description, nowMs);
    const { palette, plan: given } = this.#options;
    const plan = planOf(given, description);
    const isSmall = description.progress.nodes <= MAX_NODES_LISTED;
    const ids = isSmall ? (plan?.nodes.map(({ id }) => id) ?? []) : [];
    const idWidth = Math.min(MAX_ID_WIDTH, Math.max(0, ...ids.map((id) => id.length)));
    const lines = ended
      .filter(({ status }) => isSmall || status === 'FAILED')
      .map((result) => nodeLine(result, { palette, idWidth, items: this.#items.get(result.nodeId) }));
    for (const { nodeId } of ended) this.#ended.add(nodeId);
    if (isSmall) {
      for (const nodeId of skippedByRule(plan, description, this.#ended)) {
        this.#ended.add(nodeId);
        lines.push(skippedLine(nodeId, { palette, idWidth }));
      }
    }
    this.#list(lines);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#output.direct(() => {
      this.#clear();
      this.#draw.done();
    });
    this.#output.release();
  }

  #noteRunning({ progress }: ExecutionDescription, nowMs: number): void {
    const running = new Set(progress.running);
    for (const id of this.#runningSinceMs.keys()) if (!running.has(id)) this.#runningSinceMs.delete(id);
    for (const id of running) if (!this.#runningSinceMs.has(id)) this.#runningSinceMs.set(id, nowMs);
    for (const [id, { items }] of Object.entries(progress.maps)) this.#items.set(id, items);
  }

  #list(lines: readonly string[]): void {
    const room = Math.max(0, MAX_LINES - this.#lines);
    const listed = lines.slice(0, room);
    if (listed.length < lines.length && this.#lines <= MAX_LINES) {
      listed.push(this.#options.palette.dim(`… after ${plural(MAX_LINES, 'line')}, nodes are only counted`));
      this.#lines = MAX_LINES + 1;
    } else {
      this.#lines += listed.length;
    }
    if (listed.length > 0) this.#above(`${listed.join('\n')}\n`);
    else this.#redraw();
  }

  #above(text: string): void {
    this.#output.direct(() => {
      this.#clear();
      this.#options.stream.write(text);
      this.#drawFrame();
    });
  }

  #redraw(): void {
    this.#output.direct(() => this.#drawFrame());
  }

  #drawFrame(): void {
    const description = this.#description;
    if (description === undefined || description.endedAtMs !== undefined) return;
    const { stream, palette, plan } = this.#options;
    const state = { description, plan: planOf(plan, description), runningSinceMs: this.#runningSinceMs };
    const size = { columns: stream.columns ?? 80, rows: stream.rows ?? 24 };
    this.#eraseBroken();
    this.#frame = liveFrame(state, { ...size, nowMs: Date.now(), palette });
    this.#draw(this.#frame.join('\n'));
  }

  #clear(): void {
    this.#eraseBroken();
    this.#draw.clear();
    this.#frame = [];
  }

  /**
   * A terminal that has become narrower has broken the lines of the frame, as nearly all do: the frame takes more rows
   * than were drawn, and those alone would be erased. The rest goes first.
   */
  #eraseBroken(): void {
    const { stream } = this.#options;
    const excess = rowsTaken(this.#frame, stream.columns ?? 80) - this.#frame.length;
    if (excess > 0) stream.write(`${ERASE_ROW}${UP}`.repeat(excess));
  }
}
