/** What a handler may return in place of a bare output, to fail without throwing or to say where to go on. */
export class NodeResult<Output = unknown> {
  readonly success: boolean;
  readonly output: Output | undefined;
  /** Why it failed; kept with name and message. */
  readonly error: Error | undefined;
  /** `conditional` only: go on there; beaten by `conditionalNext`, beats the node's `choices` and `next`. */
  readonly nextNodeId: string | undefined;
  /** `conditional` only: go on there, before anything else. */
  readonly conditionalNext: string | undefined;

  constructor(fields: {
    success: boolean;
    output?: Output;
    error?: Error;
    nextNodeId?: string;
    conditionalNext?: string;
  }) {
    this.success = fields.success;
    this.output = fields.output;
    this.error = fields.error;
    this.nextNodeId = fields.nextNodeId;
    this.conditionalNext = fields.conditionalNext;
  }

  static success<Output>(
    output: Output,
    route: { nextNodeId?: string; conditionalNext?: string } = {},
  ): NodeResult<Output> {
    return new NodeResult({ success: true, output, ...route });
  }

  static failure(error: Error): NodeResult<never> {
    return new NodeResult<never>({ success: false, error });
  }
}
