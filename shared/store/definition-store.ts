import { compile } from '../core/compile.ts';
import type { Plan } from '../core/plan.ts';
import { CorruptItemError } from '../errors.ts';
import type { DefinitionHash } from '../model/ids.ts';
import { DefinitionItem, ITEM_VERSION, type WorkflowItem } from '../model/items.ts';
import type { ItemTable } from '../ports/item-table.ts';
import { FIRST_WRITER_WINS } from './conditions.ts';
import { definitionKey, workflowKey } from './keys.ts';
import { parseItem } from './parse-item.ts';
import type { Payloads } from './payloads.ts';

const PLANS_KEPT = 100;

/** Immutable definitions, by workflow name and hash, and the plans compiled from them. */
export class DefinitionStore {
  readonly #table: ItemTable;
  readonly #payloads: Payloads;
  /** By workflow and hash. Definitions never change, so a plan never goes stale. */
  readonly #plans = new Map<string, Promise<Plan | undefined>>();
  readonly #published = new Set<DefinitionHash>();

  constructor(table: ItemTable, payloads: Payloads) {
    this.#table = table;
    this.#payloads = payloads;
  }

  /** Makes a definition known, if it is not. */
  async publish({ definition, hash }: Plan, nowMs: number): Promise<void> {
    if (this.#published.has(hash)) return;
    const payload = await this.#payloads.saveText(JSON.stringify(definition), `definitions/${definition.name}`, {
      packs: false,
    });
    const item = {
      ...definitionKey(definition.name, hash),
      v: ITEM_VERSION,
      workflow: definition.name,
      hash,
      definition: payload,
      createdAtMs: nowMs,
    };
    const workflow: WorkflowItem = { ...workflowKey(definition.name), v: ITEM_VERSION, createdAtMs: nowMs };
    await Promise.all([this.#table.put(item, FIRST_WRITER_WINS), this.#table.put(workflow, FIRST_WRITER_WINS)]);
    this.#published.add(hash);
  }

  /** @throws {CorruptItemError} if the definition is not there */
  async loadPlan(workflow: string, hash: DefinitionHash): Promise<Plan> {
    const plan = await this.findPlan(workflow, hash);
    if (plan === undefined) throw new CorruptItemError(`The definition ${workflow} / ${hash}`, 'it is not there');
    return plan;
  }

  /** `undefined`: the workflow has no such definition. */
  findPlan(workflow: string, hash: DefinitionHash): Promise<Plan | undefined> {
    const key = `${workflow} ${hash}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = this.#compile(workflow, hash);
    this.#plans.set(key, plan);
    const forget = () => this.#plans.delete(key);
    // One that is not there may come yet.
    plan.then((found) => found ?? forget(), forget);
    if (this.#plans.size > PLANS_KEPT) {
      const [oldest] = this.#plans.keys();
      if (oldest !== undefined) this.#plans.delete(oldest);
    }
    return plan;
  }

  async #compile(workflow: string, hash: DefinitionHash): Promise<Plan | undefined> {
    const item = await this.#table.get(definitionKey(workflow, hash));
    if (item === undefined) return undefined;
    const { definition } = parseItem(DefinitionItem, item);
    return compile(await this.#payloads.load(definition), { isStored: true });
  }
}
