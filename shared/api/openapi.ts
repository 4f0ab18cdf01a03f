import type * as z from 'zod';
import { BilledOperations } from '../billing/billed-operations.ts';
import { CheckpointDetail, CheckpointView } from '../executor/checkpoints.ts';
import { DeadLetterList, Redriven } from '../executor/dead-letters.ts';
import { ExecutionDescription, ExecutionOutcome, ResultsPage } from '../executor/description.ts';
import { ExecutionsPage } from '../executor/listing.ts';
import { Started, StartRequest } from '../executor/start-request.ts';
import {
  PublishedVersion,
  Validation,
  VersionsPage,
  WorkflowAlias,
  WorkflowDescription,
  WorkflowsPage,
  WorkflowVersion,
} from '../executor/workflows.ts';
import { Definition } from '../model/definition.ts';
import { Problem } from '../model/problem.ts';
import { ErrorInfo, NodeResultView } from '../model/result.ts';
import { EventsPage, ExecutionEvent } from '../observability/execution-event.ts';
import { WorkflowMetrics } from '../observability/tally.ts';
import { componentRef, type JsonSchema, type JsonSchemas, toJsonSchemas } from './json-schemas.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import { NO_BODY, problemCodes, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** Schemas that have a name of their own in the document. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  BilledOperations,
  CheckpointDetail,
  CheckpointView,
  DeadLetterList,
  ErrorInfo,
  EventsPage,
  ExecutionDescription,
  ExecutionEvent,
  ExecutionOutcome,
  ExecutionsPage,
  NodeResultView,
  Problem,
  PublishedVersion,
  Redriven,
  ResultsPage,
  Started,
  StartRequest,
  Validation,
  VersionsPage,
  WorkflowAlias,
  WorkflowDefinition: Definition,
  WorkflowDescription,
  WorkflowMetrics,
  WorkflowsPage,
  WorkflowVersion,
};

/** The API as an OpenAPI 3.1 document: the table of routes, and the schemas that requests and answers are parsed by. */
export function openApiDocument(): Record<string, unknown> {
  const routes = Object.entries<Route>(ROUTES);
  const taken = routes.flatMap(([id, route]) => sentSchemas(id, route));
  // A request's definition is parsed by `compile`, so none refers to its schema.
  const sent = toJsonSchemas(Object.fromEntries([...taken, ['definition', Definition]]), NAMED, 'input');
  const answers = routes.map(([id, { answer }]): [string, z.ZodType] => [id, answer]);
  const given = toJsonSchemas(Object.fromEntries([...answers, ['problem', Problem]]), NAMED, 'output');
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, route] of routes) {
    const operation = operationOf(id, route, sent, given);
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'fanjoin',
      version: '1',
      summary: 'A serverless workflow executor',
      description:
        'Starts, watches and steers executions of workflows. Times are milliseconds since the epoch. ' +
        'Errors are problem documents (RFC 9457) whose `title` is a code that does not change. ' +
        'Requests are signed for IAM (Signature Version 4, service `execute-api`), unless the stack has an authorizer of its own.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'Where this document is served' }],
    tags: [
      { name: 'executions', description: 'Runs of workflows' },
      { name: 'workflows', description: 'What there is to run, and how it fares' },
      { name: 'operations', description: 'The API itself, and what it could not finish' },
    ],
    security: [{ iam: [] }],
    paths,
    components: {
      schemas: { ...given.components, ...sent.components },
      securitySchemes: {
        iam: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          description: 'AWS Signature Version 4',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
    },
  };
}

const sentSchemas = (id: string, { params, query, headers, body }: Route): [string, z.ZodType][] => [
  [`${id} path`, params],
  [`${id} query`, query],
  [`${id} header`, headers],
  ...(body === NO_BODY ? [] : [[`${id} body`, body] satisfies [string, z.ZodType]]),
];

function operationOf(
  operationId: string,
  route: Route,
  sent: JsonSchemas,
  given: JsonSchemas,
): Record<string, unknown> {
  const parameters = (['path', 'query', 'header'] as const).flatMap((place) =>
    parametersOf(sent.of[`${operationId} ${place}`] ?? {}, place),
  );
  const body = sent.of[`${operationId} body`];
  const content = { 'application/json': { schema: given.of[operationId] } };
  return {
    operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: !route.body.safeParse(undefined).success,
        content: { 'application/json': { schema: body } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.statuses).map(([status, description]) => [status, { description, content }]),
      ),
      ...problemsOf(problemCodes(route)),
      default: { description: 'A fault on the other side; repeat the request', content: problemContent },
    },
  };
}

const problemContent = { 'application/problem+json': { schema: { $ref: componentRef('Problem') } } };

function problemsOf(codes: readonly ProblemCode[]): Record<string, unknown> {
  const byStatus = Object.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, same = []]) => [
      status,
      { description: same.map((code) => `\`${code}\`: ${PROBLEMS[code].means}`).join('\n\n'), content: problemContent },
    ]),
  );
}

function parametersOf(schema: JsonSchema, place: 'path' | 'query' | 'header'): Record<string, unknown>[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest }: JsonSchema = typeof property === 'boolean' ? {} : property;
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(description !== undefined && { description }),
      ...(rest.type === 'object' && { style: 'deepObject', explode: true }),
      schema: rest,
    };
  });
}
