import { compileExpression } from '../core/expression.ts';
import { pathText } from '../core/json.ts';
import { toleratedFailures } from '../core/map-progress.ts';
import { evaluateCondition, evaluateMapping } from '../core/mapping.ts';
import { isMapNode, timeoutSecondsOf } from '../core/plan.ts';
import { CorruptItemError } from '../errors.ts';
import type { MapNode } from '../model/definition.ts';
import { ChunkOutcome, type MapItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import type { ChunkTask, CollectTask, PlanTask } from '../model/message.ts';
import type { ErrorInfo, ItemFailure, Payload } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import { type Dispatcher, poolOf } from '../scheduler/dispatcher.ts';
import { BoundedCache } from '../store/bounded-cache.ts';
import type { Store } from '../store/store.ts';
import type { AttemptOutcome } from './attempt.ts';
import { ChunkProgress } from './chunk-progress.ts';
import type { Continuation } from './hand-offs.ts';
import type { HandlerCalls } from './handler-calls.ts';
import { ManifestReader, writeManifest } from './map-manifest.ts';
import { nodeErrors } from './node-errors.ts';
import { usesContext } from './node-input.ts';
import type { NodeStarts } from './node-starts.ts';
import { asFailure, retryDelayOf, settleFailure, settleSkip, settleSuccess } from './settle-node.ts';
import { attemptsOf, type Visit, visitFolder, visitKeyOf } from './visit.ts';
import type { VisitWriter } from './visit-writer.ts';

/** Kept free at the end of an invocation to write what was achieved. */
const WRITE_MARGIN_MS = 5_000;
/** Maps whose plans are remembered. */
const MAPS_KNOWN = 100;

interface MapRunnerParts {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly random: () => number;
  readonly calls: HandlerCalls;
  readonly writer: VisitWriter;
  readonly starts: NodeStarts;
}

/** The three kinds of work a map is made of: plan, chunks, collect. */
export class MapRunner {
  readonly #parts: MapRunnerParts;
  readonly #manifests: ManifestReader;
  /** By what names them. Once planned, a map stays as it is. */
  readonly #maps = new BoundedCache<MapItem>({ bound: MAPS_KNOWN });

  constructor(parts: MapRunnerParts) {
    this.#parts = parts;
    this.#manifests = new ManifestReader(parts.store.blobs);
  }

  /** Evaluates the items, keeps them in chunks, and tells the scheduler how many there are. */
  async plan(visit: Visit<PlanTask>): Promise<Continuation | undefined> {
    const { store, writer } = this.#parts;
    const earlier = await store.results.loadEarlierMap(visitKeyOf(visit));
    if (earlier !== undefined) {
      const { items, chunks, chunkSize, manifest, trace } = earlier;
      visit.trace?.inheritInput(trace);
      await store.results.putMap({
        ...visitKeyOf(visit),
        items,
        chunks,
        chunkSize,
        manifest,
        startedAtMs: visit.startedAtMs,
        ...visit.trace?.facts(),
      });
      return undefined;
    }
    const items = await this.#items(visit).catch(asFailure);
    if (items === 'skipped') return writer.write(visit, await settleSkip(visit));
    if ('error' in items) return writer.write(visit, await settleFailure(visit, items));
    if (items.length === 0)
      return writer.write(visit, await settleSuccess(visit, { isSuccess: true, output: [] }, 'engine'));
    const chunkSize = mapOf(visit).chunkSize ?? 1;
    await store.results.putMap({
      ...visitKeyOf(visit),
      items: items.length,
      chunks: Math.ceil(items.length / chunkSize),
      chunkSize,
      manifest: await writeManifest(store.blobs, visitFolder(visit), items, chunkSize),
      startedAtMs: visit.startedAtMs,
      ...visit.trace?.facts(),
    });
    return undefined;
  }

  async #items(visit: Visit): Promise<readonly Json[] | 'skipped' | (AttemptOutcome & { isSuccess: false })> {
    const { input, node } = visit;
    const definition = mapOf(visit);
    if (definition.runIf !== undefined) {
      const isWanted = await evaluateCondition(
        definition.runIf,
        await input.defaultInput(),
        await input.bindings([definition.runIf]),
      );
      if (!isWanted) return 'skipped';
    }
    const value = await input.input();
    await this.#parts.starts.node(visit, value);
    const items =
      definition.items === undefined
        ? value
        : await compileExpression(definition.items).evaluate(
            await input.context(),
            await input.bindings([definition.items]),
          );
    const fail = (problem: string) => ({ isSuccess: false as const, error: nodeErrors.invalidItems(node.id, problem) });
    // JSONata gives a single match bare; a map over one item is still a map.
    if (items === undefined) return fail(`gave nothing; check the names in ${definition.items}`);
    if (!Array.isArray(items))
      return fail(
        `are no array but ${JSON.stringify(items).slice(0, 100)}${definition.items === undefined ? '; say where they are with items' : '; write [ … ] around what may match once'}`,
      );
    if (items.length > LIMITS.maxMapItems)
      return fail(`are ${items.length}; at most ${LIMITS.maxMapItems} are allowed`);
    const [secret] = input.secretsIn(items);
    if (secret !== undefined)
      return { isSuccess: false, error: nodeErrors.secretInItems(node.id, secret.name, pathText(secret.path)) };
    return items;
  }

  /** Runs the items of a chunk that have no outcome yet, one after another. Failed ones that may are run again later. */
  async runChunk(visit: Visit<ChunkTask>, stop: AbortSignal): Promise<void> {
    const { calls, writer, random } = this.#parts;
    const { items, progress, firstIndex } = await this.#openChunk(visit);
    const { handler } = mapOf(visit);
    await this.#parts.starts.chunk(visit, visit.task.chunk, items);
    for (const index of progress.pending()) {
      if (visit.remainingMs() < timeoutSecondsOf(visit.node) * 1000 + WRITE_MARGIN_MS && progress.hasAdvanced)
        return this.#continueLater(visit, progress);
      const at = firstIndex + index;
      const input = () => this.#itemInput(visit, items[index] ?? null, at);
      const outcome = stop.aborted
        ? { isSuccess: false as const, error: nodeErrors.aborted(visit.node.id, undefined), isAborted: true }
        : await input()
            .then((value) => calls.call(visit, handler, value, stop, at))
            .catch(asFailure);
      if (outcome.isSuccess) {
        progress.succeed(index, outcome.output);
        continue;
      }
      const delayMs = retryDelayOf(visit, outcome, random);
      if (delayMs !== undefined) {
        progress.retry(index, outcome.error, delayMs);
        continue;
      }
      const fallback = await calls.fallback(visit, outcome, input, stop, at);
      if (fallback?.isSuccess) progress.succeed(index, fallback.output);
      else progress.fail(index, fallback === undefined ? outcome.error : { ...fallback.error, cause: outcome.error });
    }
    const next = progress.nextAttempt();
    if (next === undefined) return this.#writeChunk(visit, progress);
    await writer.retry(visit, next.error, next.delayMs, { chunk: visit.task.chunk, carried: progress.carry() });
  }

  /** Settles a chunk whose runner crashed each time; what earlier attempts achieved stays. */
  async failChunk(visit: Visit<ChunkTask>, error: ErrorInfo): Promise<void> {
    const { progress } = await this.#openChunk(visit);
    for (const index of progress.unsettled()) progress.fail(index, error);
    await this.#writeChunk(visit, progress);
  }

  /** Puts the outputs together in the items' order, or says that too many items failed. */
  async collect(visit: Visit<CollectTask>): Promise<Continuation | undefined> {
    const { store, writer } = this.#parts;
    const map = await this.#loadMap(visit);
    visit.trace?.inheritInput(map.trace);
    const outputs: Json[] = [];
    const failures: ItemFailure[] = [];
    for await (const { chunk, outcome } of store.results.chunks(visitKeyOf(visit))) {
      const part = ChunkOutcome.parse(await store.payloads.load(outcome));
      const firstIndex = chunk * map.chunkSize;
      for (const output of part.outputs) outputs.push(output);
      for (const { index, error } of part.failures) failures.push({ index: firstIndex + index, error });
    }
    const tolerated = toleratedFailures(mapOf(visit), map.items);
    const settlement =
      failures.length > tolerated
        ? settleFailure(visit, {
            isSuccess: false,
            error: nodeErrors.toleratedExceeded(
              visit.node.id,
              failures.length,
              map.items,
              tolerated,
              failures[0]?.error,
            ),
          })
        : settleSuccess(visit, { isSuccess: true, output: outputs }, 'handler');
    return writer.write({ ...visit, startedAtMs: map.startedAtMs }, await settlement, failures);
  }

  async #openChunk(
    visit: Visit<ChunkTask>,
  ): Promise<{ items: readonly Json[]; progress: ChunkProgress; firstIndex: number }> {
    const { store } = this.#parts;
    const map = await this.#loadMap(visit);
    const items = await this.#manifests.read(map.manifest, visit.task.chunk);
    const { carried } = visit.task;
    const earlier =
      carried === undefined ? await store.results.loadEarlierChunk(visitKeyOf(visit), visit.task.chunk) : undefined;
    const progress =
      carried !== undefined
        ? ChunkProgress.resume(await store.payloads.load(carried))
        : earlier !== undefined
          ? ChunkProgress.redrive(ChunkOutcome.parse(await store.payloads.load(earlier.outcome)))
          : ChunkProgress.start(items.length);
    return { items, progress, firstIndex: visit.task.chunk * map.chunkSize };
  }

  #loadMap(visit: Visit): Promise<MapItem> {
    const key = visitKeyOf(visit);
    return this.#maps.get(Object.values(key).join(' '), async () => {
      const map = await this.#parts.store.results.loadMap(key);
      if (map === undefined)
        throw new CorruptItemError(`The map '${key.node}' of '${key.executionId}'`, 'its plan is not there');
      return map;
    });
  }

  /** The invocation ends soon: the rest of the chunk goes on in another one, as the same attempt. */
  async #continueLater(visit: Visit<ChunkTask>, progress: ChunkProgress): Promise<void> {
    const carried = await this.#parts.store.payloads.saveText(progress.carryOn(), visitFolder(visit), { packs: false });
    const nowMs = this.#parts.clock.nowMs();
    await this.#parts.dispatcher.sendLater(poolOf(visit.plan, visit.node.id), { ...visit.task, carried }, nowMs, nowMs);
  }

  async #itemInput(visit: Visit, item: Json, index: number): Promise<Json> {
    const { itemInput } = mapOf(visit);
    if (itemInput === undefined) return item;
    // The map's own input is as large as its items: loaded only where it is looked at.
    const context = usesContext(itemInput) ? await visit.input.context() : null;
    return evaluateMapping(itemInput, context, await visit.input.bindings([itemInput], { item, index }));
  }

  async #writeChunk(visit: Visit<ChunkTask>, progress: ChunkProgress): Promise<void> {
    const { outcome, payload } = await this.#saveOutcome(visit, progress.outcome());
    const endedAtMs = this.#parts.clock.nowMs();
    await this.#parts.store.results.putChunk({
      ...visitKeyOf(visit),
      chunk: visit.task.chunk,
      outcome: payload,
      failedItems: outcome.failures.length,
      attempts: attemptsOf(visit, endedAtMs, outcome.failures[0]?.error),
      queuedAtMs: visit.task.queuedAtMs,
      startedAtMs: visit.startedAtMs,
      endedAtMs,
      ...visit.trace?.facts(outcome.outputs),
    });
  }

  /** Outputs that are too large together fail their items with that: no repetition would make them smaller. */
  async #saveOutcome(visit: Visit, outcome: ChunkOutcome): Promise<{ outcome: ChunkOutcome; payload: Payload }> {
    const save = (value: ChunkOutcome) =>
      this.#parts.store.payloads.saveText(JSON.stringify(value), visitFolder(visit));
    try {
      return { outcome, payload: await save(outcome) };
    } catch (error) {
      const { error: tooLarge } = asFailure(error);
      const failed = {
        outputs: outcome.outputs.map(() => null),
        failures: outcome.outputs.map((_output, index) => ({ index, error: tooLarge })),
      };
      return { outcome: failed, payload: await save(failed) };
    }
  }
}

function mapOf({ node: { id, definition } }: Visit): MapNode {
  if (!isMapNode(definition)) throw new CorruptItemError(`A message for the node '${id}'`, 'it treats it as a map');
  return definition;
}
