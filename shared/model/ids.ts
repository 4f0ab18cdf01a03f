import * as z from 'zod';

/** Time-ordered unless the caller chose it; letters, digits, `-` and `_`, at most 80. Safe in keys and URLs. */
export const ExecutionId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,80}$/, 'an execution id has 1 to 80 letters, digits, - and _')
  .brand('ExecutionId');
export type ExecutionId = z.infer<typeof ExecutionId>;

/** Names a node within its workflow: a letter first, then letters, digits, `-` and `_`, at most 80. */
export const NodeId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,79}$/, 'a node id has a letter, then up to 79 letters, digits, - and _')
  .brand('NodeId');
export type NodeId = z.infer<typeof NodeId>;

export const WorkflowName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,79}$/, 'a workflow name has a letter, then up to 79 letters, digits, - and _')
  .brand('WorkflowName');
export type WorkflowName = z.infer<typeof WorkflowName>;

/** A handler's registered name, as definitions refer to it: `audit.parse-lockfile`. */
export const HandlerType = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{0,127}$/, 'a handler type has a letter, then up to 127 letters, digits, ., - and _');

/** SHA-256 of a definition in canonical form, as 64 hex digits. */
export const DefinitionHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand('DefinitionHash');
export type DefinitionHash = z.infer<typeof DefinitionHash>;
