import type * as z from 'zod';
import { FanjoinError } from '../../shared/errors.ts';
import { IGNORED_TYPES, withoutIgnored } from './ignored-properties.ts';
import { resolveIntrinsics } from './intrinsics.ts';
import { functionNameOf, localReferences, queueArn, streamArn } from './references.ts';
import { RESOURCE_SCHEMAS, type ResourceType } from './resource-schemas.ts';
import type { Template } from './template.ts';

/** A resource to be made locally. Its logical id is its name. */
export interface LocalResource<Properties> {
  readonly id: string;
  /** Where its construct stands in the executor: `NodeRunner`, `Pool-default/Queue`; the logical id where nothing tells. */
  readonly label: string;
  readonly properties: Properties;
}

export type LocalResources = ReturnType<typeof readResources>;

/**
 * Reads what is to be made locally from a template: references resolved, ignored properties left out.
 *
 * @param queueEndpoint where the queues are, for their URLs
 * @throws {FanjoinError} `UNKNOWN_PROPERTY`, naming the resource and the place: nothing that the template asks of what is
 *   made here goes unnoticed
 */
export function readResources(template: Template, queueEndpoint: string) {
  const references = localReferences(template, queueEndpoint);
  const resources = Object.entries(template.Resources).filter(([, { Type }]) => !Object.hasOwn(IGNORED_TYPES, Type));
  const read = <Schema extends z.ZodType>(
    type: ResourceType,
    schema: Schema,
    leftOut: ReadonlySet<string> = new Set(),
  ): readonly LocalResource<z.infer<Schema>>[] =>
    resources.flatMap(([id, { Type, Properties, Metadata }]) => {
      if (Type !== type || leftOut.has(id)) return [];
      const place = `${id} (${Type})`;
      const properties = parseProperties(
        schema,
        resolveIntrinsics(withoutIgnored(Type, Properties), references, place),
        place,
      );
      return [{ id, label: labelOf(Metadata?.['aws:cdk:path']) ?? id, properties }];
    });
  const triggers = read('Custom::Trigger', RESOURCE_SCHEMAS['Custom::Trigger']);
  const notifications = read('Custom::S3BucketNotifications', RESOURCE_SCHEMAS['Custom::S3BucketNotifications']);
  const ofTheLibrary = new Set(
    [...triggers, ...notifications].map(({ properties }) => functionNameOf(properties.ServiceToken)),
  );
  const tables = read('AWS::DynamoDB::Table', RESOURCE_SCHEMAS['AWS::DynamoDB::Table']);
  const queues = read('AWS::SQS::Queue', RESOURCE_SCHEMAS['AWS::SQS::Queue']);
  const mappings = read('AWS::Lambda::EventSourceMapping', RESOURCE_SCHEMAS['AWS::Lambda::EventSourceMapping']);
  const sources = new Set([...tables.map(({ id }) => streamArn(id)), ...queues.map(({ id }) => queueArn(id))]);
  const { fed = [], unfed = [] } = Object.groupBy(mappings, ({ properties }) =>
    sources.has(properties.EventSourceArn) ? 'fed' : 'unfed',
  );
  return {
    /** What the application has beside the executor, and nobody does here: other types, and sources of another stack. */
    leftOut: [
      ...resources.flatMap(([id, { Type, Metadata }]) =>
        Object.hasOwn(RESOURCE_SCHEMAS, Type) ? [] : [{ label: labelOf(Metadata?.['aws:cdk:path']) ?? id, type: Type }],
      ),
      ...unfed.map(({ label, properties }) => ({ label, type: `fed by ${properties.EventSourceArn}` })),
    ],
    triggers,
    notifications,
    schedules: read('AWS::Scheduler::Schedule', RESOURCE_SCHEMAS['AWS::Scheduler::Schedule']),
    versions: read('AWS::Lambda::Version', RESOURCE_SCHEMAS['AWS::Lambda::Version']),
    apis: read('AWS::ApiGatewayV2::Api', RESOURCE_SCHEMAS['AWS::ApiGatewayV2::Api']),
    integrations: read('AWS::ApiGatewayV2::Integration', RESOURCE_SCHEMAS['AWS::ApiGatewayV2::Integration']),
    routes: read('AWS::ApiGatewayV2::Route', RESOURCE_SCHEMAS['AWS::ApiGatewayV2::Route']),
    stages: read('AWS::ApiGatewayV2::Stage', RESOURCE_SCHEMAS['AWS::ApiGatewayV2::Stage']),
    tables,
    buses: read('AWS::Events::EventBus', RESOURCE_SCHEMAS['AWS::Events::EventBus']),
    rules: read('AWS::Events::Rule', RESOURCE_SCHEMAS['AWS::Events::Rule']),
    invokeConfigs: read('AWS::Lambda::EventInvokeConfig', RESOURCE_SCHEMAS['AWS::Lambda::EventInvokeConfig']),
    eventSources: fed,
    // The CDK's own function for a custom resource answers CloudFormation, which there is none of here.
    functions: read('AWS::Lambda::Function', RESOURCE_SCHEMAS['AWS::Lambda::Function'], ofTheLibrary),
    buckets: read('AWS::S3::Bucket', RESOURCE_SCHEMAS['AWS::S3::Bucket']),
    secrets: read('AWS::SecretsManager::Secret', RESOURCE_SCHEMAS['AWS::SecretsManager::Secret']),
    queues,
  };
}

/** `Local/Executor/Pool-default/Queue/Resource` → `Pool-default/Queue`; of what stands in the stack itself its own name. */
function labelOf(path: string | undefined): string | undefined {
  const [, top, ...rest] = path?.split('/').slice(0, -1) ?? [];
  return rest.length > 0 ? rest.join('/') : top;
}

function parseProperties<Schema extends z.ZodType>(
  schema: Schema,
  properties: unknown,
  place: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') return `${path}: ${issue.message}`;
    return `${[...issue.path, issue.keys.join(', ')].join('.')} is not known`;
  });
  throw new FanjoinError(
    'UNKNOWN_PROPERTY',
    `${place} asks for what the local stack does not do: ${problems.join('; ')}. ` +
      'Give it an effect (infra/local/resource-schemas.ts), or say why it has none (infra/local/ignored-properties.ts). ' +
      "What is an application's own may be in a stack of its own, too: nothing of that is made here",
  );
}
