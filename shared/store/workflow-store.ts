import type { DefinitionHash, WorkflowName } from '../model/ids.ts';
import { AliasItem, ITEM_VERSION, PublishedItem, WorkflowItem } from '../model/items.ts';
import type { AliasName, VersionSelector } from '../model/version.ts';
import type { ItemTable } from '../ports/item-table.ts';
import { FIRST_WRITER_WINS } from './conditions.ts';
import {
  ALIAS_PREFIX,
  aliasKey,
  PUBLISHED_PREFIX,
  publishedKey,
  versionsPk,
  WORKFLOWS_PK,
  workflowKey,
} from './keys.ts';
import { parseItem } from './parse-item.ts';

const NAMES_AT_ONCE = 1_000;

/** A version that was found. Of a definition that is named by its hash the number is not known. */
export interface FoundVersion {
  readonly hash: DefinitionHash;
  readonly number?: number | undefined;
}

/** Which workflows there are, their published versions and aliases. The definitions themselves: `DefinitionStore`. */
export class WorkflowStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /** Names of workflows that were ever started or published, in order. @param after a name */
  async page(after: string | undefined, limit: number): Promise<{ items: WorkflowItem[]; next?: string }> {
    const page = await this.#table.query(WORKFLOWS_PK, { limit, ...(after !== undefined && { after }) });
    return {
      items: page.items.map((item) => parseItem(WorkflowItem, item)),
      ...(page.next !== undefined && { next: page.next }),
    };
  }

  /** The names of all of them. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    let after: string | undefined;
    do {
      const { items, next }: Awaited<ReturnType<WorkflowStore['page']>> = await this.page(after, NAMES_AT_ONCE);
      for (const { sk } of items) names.push(sk);
      after = next;
    } while (after !== undefined);
    return names;
  }

  /** Whether it was ever started or published. */
  async isKnown(workflow: WorkflowName): Promise<boolean> {
    return (await this.#table.get(workflowKey(workflow))) !== undefined;
  }

  /**
   * Makes a definition, which must be known, the latest version. One that is the latest already stays so: repeated, it
   * changes nothing. Of two at once each gets a number of its own.
   */
  async publish(
    workflow: WorkflowName,
    hash: DefinitionHash,
    nowMs: number,
  ): Promise<{ version: PublishedItem; isNew: boolean }> {
    for (;;) {
      const latest = await this.#latest(workflow);
      if (latest?.hash === hash) return { version: latest, isNew: false };
      const number = (latest?.number ?? 0) + 1;
      const version: PublishedItem = {
        ...publishedKey(workflow, number),
        ...{ v: ITEM_VERSION, workflow, number, hash, publishedAtMs: nowMs },
      };
      if ((await this.#table.put(version, FIRST_WRITER_WINS)).written) return { version, isNew: true };
    }
  }

  /** Latest first. @param before a number */
  async versions(workflow: WorkflowName, before: number | undefined, limit: number): Promise<PublishedItem[]> {
    const page = await this.#table.query(versionsPk(workflow), {
      prefix: PUBLISHED_PREFIX,
      descending: true,
      limit,
      ...(before !== undefined && { after: publishedKey(workflow, before).sk }),
    });
    return page.items.map((item) => parseItem(PublishedItem, item));
  }

  async find(workflow: WorkflowName, selector: VersionSelector): Promise<FoundVersion | undefined> {
    switch (selector.kind) {
      case 'latest':
        return this.#latest(workflow);
      case 'hash':
        return { hash: selector.hash };
      case 'number': {
        const item = await this.#table.get(publishedKey(workflow, selector.number));
        return item === undefined ? undefined : parseItem(PublishedItem, item);
      }
      case 'alias': {
        const item = await this.#table.get(aliasKey(workflow, selector.alias));
        return item === undefined ? undefined : parseItem(AliasItem, item);
      }
    }
  }

  /** In order of their names, at most 1,000. */
  async aliases(workflow: WorkflowName): Promise<AliasItem[]> {
    const { items } = await this.#table.query(versionsPk(workflow), { prefix: ALIAS_PREFIX });
    return items.map((item) => parseItem(AliasItem, item));
  }

  /** Points an alias at a version, whatever it pointed at before. */
  async setAlias(
    workflow: WorkflowName,
    alias: AliasName,
    { hash, number }: FoundVersion,
    nowMs: number,
  ): Promise<AliasItem> {
    const item: AliasItem = {
      ...aliasKey(workflow, alias),
      ...{ v: ITEM_VERSION, workflow, alias, hash, number, updatedAtMs: nowMs },
    };
    await this.#table.put(item);
    return item;
  }

  async #latest(workflow: WorkflowName): Promise<PublishedItem | undefined> {
    const [latest] = await this.versions(workflow, undefined, 1);
    return latest;
  }
}
