import { FanjoinError } from '../errors.ts';
import { HandlerType } from '../model/ids.ts';
import type { AnyHandler } from './define-node.ts';

/** The handlers an application has, by type. */
export class HandlerRegistry {
  readonly #handlers = new Map<string, AnyHandler>();

  constructor(handlers: Iterable<AnyHandler> = []) {
    for (const handler of handlers) this.register(handler);
  }

  /** @throws {FanjoinError} `INVALID_HANDLER`, or `DUPLICATE_HANDLER` if another handler has this type */
  register(handler: AnyHandler): void {
    const type = HandlerType.safeParse(handler?.type);
    if (!type.success || typeof handler.execute !== 'function') {
      throw new FanjoinError(
        'INVALID_HANDLER',
        `Not a handler: ${String(handler?.type)}. Make handlers with defineNode({ type, execute })`,
      );
    }
    const standing = this.#handlers.get(type.data);
    if (standing !== undefined && standing !== handler) {
      throw new FanjoinError('DUPLICATE_HANDLER', `Two handlers have the type '${type.data}'. Rename one of them`);
    }
    this.#handlers.set(type.data, handler);
  }

  find(type: string): AnyHandler | undefined {
    return this.#handlers.get(type);
  }

  types(): string[] {
    return [...this.#handlers.keys()].sort();
  }
}
