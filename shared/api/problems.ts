/** What the API answers in place of a result: by code, the HTTP status and what it means. */
export const PROBLEMS = {
  INVALID_INPUT: { status: 400, means: 'a parameter or the body is not as described; `issues` says what, and where' },
  MALFORMED_JSON: { status: 400, means: 'the body is no JSON, or there is none' },
  DUPLICATE_KEY: { status: 400, means: 'a key stands twice in one object of the body' },
  NOT_JSON: { status: 400, means: 'a value is nested too deep, or a number is too large' },
  INVALID_DEFINITION: { status: 400, means: 'the workflow cannot run; `issues` lists every reason' },
  ROUTE_NOT_FOUND: { status: 404, means: 'the API has no such route' },
  EXECUTION_NOT_FOUND: { status: 404, means: 'no execution has this id' },
  WORKFLOW_NOT_FOUND: { status: 404, means: 'the workflow has no such version, or there is no such workflow' },
  CHECKPOINT_NOT_FOUND: { status: 404, means: 'no checkpoint has this id' },
  INVALID_STATE: { status: 409, means: 'the execution is in a state in which this cannot be done' },
  EXECUTION_EXISTS: { status: 409, means: 'the id was used before, for another request' },
  REQUEST_TOO_LARGE: { status: 413, means: 'the body is over 5.5 MB' },
  PAYLOAD_TOO_LARGE: { status: 413, means: 'a value is over 64 MB' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, means: 'the body is not declared as `application/json`' },
  UNKNOWN_SECRET: { status: 422, means: 'the stack knows no secret of this name; `issues` says where it is named' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, means: 'the key was used before, for another request' },
  RESPONSE_TOO_LARGE: { status: 422, means: 'the answer is over 5.5 MB; ask for less of it' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly means: string }>>;

export type ProblemCode = keyof typeof PROBLEMS;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
