import * as z from 'zod';
import { LOCAL_ACCOUNT, LOCAL_REGION, queueUrlAt } from './emulators.ts';
import type { References } from './intrinsics.ts';
import { RESOURCE_SCHEMAS } from './resource-schemas.ts';
import { standInFor } from './stand-ins.ts';
import type { Template } from './template.ts';

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${resource}`;

export const tableArn = (name: string): string => arn('dynamodb', `table/${name}`);
/** Stands for the stream's ARN in the template; the real one has the time of its creation in it. */
export const streamArn = (tableName: string): string => `${tableArn(tableName)}/stream/local`;
export const queueArn = (name: string): string => arn('sqs', name);
export const functionArn = (name: string): string => arn('lambda', `function:${name}`);
export const functionNameOf = (functionArn: string): string => functionArn.split(':function:').at(-1) ?? functionArn;
export const versionArn = (functionName: string, version: string): string => `${functionArn(functionName)}:${version}`;
export const ruleArn = (name: string): string => arn('events', `rule/${name}`);
export const scheduleArn = (name: string): string => arn('scheduler', `schedule/default/${name}`);
const busArn = (name: string): string => arn('events', `event-bus/${name}`);

/** @param nameOrArn of an event bus */
export const busNameOf = (nameOrArn: string): string => nameOrArn.split('event-bus/').at(-1) ?? nameOrArn;

/** Without the six characters that the service would end it with. */
export const secretArn = (name: string): string => arn('secretsmanager', `secret:${name}`);

/** S3 takes lower case only. */
export const bucketName = (logicalId: string): string => logicalId.toLowerCase();

const VersionOf = z.object({ Ref: z.string() });

interface Resolver {
  ref?(logicalId: string, properties: Readonly<Record<string, unknown>>): string;
  readonly attributes?: Readonly<
    Record<string, (logicalId: string, properties: Readonly<Record<string, unknown>>) => string>
  >;
}

const NOT_MADE_HERE: Resolver = { ref: standInFor };

/** What references to resources of a type stand for. A resource is named by its logical id, a bus by its own name. */
function resolvers(queueEndpoint: string): Readonly<Record<string, Resolver>> {
  const itself = (logicalId: string): string => logicalId;
  return {
    'AWS::ApiGatewayV2::Api': { ref: itself },
    'AWS::ApiGatewayV2::Integration': { ref: itself },
    'AWS::DynamoDB::Table': { ref: itself, attributes: { Arn: tableArn, StreamArn: streamArn } },
    'AWS::Events::EventBus': {
      ref: (_id, { Name }) => String(Name),
      attributes: { Arn: (_id, { Name }) => busArn(String(Name)), Name: (_id, { Name }) => String(Name) },
    },
    'AWS::Events::Rule': { ref: itself, attributes: { Arn: ruleArn } },
    'AWS::Lambda::Function': { ref: itself, attributes: { Arn: functionArn } },
    // Its logical id changes with the function, as its number would.
    'AWS::Lambda::Version': { ref: (id, { FunctionName }) => versionArn(VersionOf.parse(FunctionName).Ref, id) },
    'AWS::S3::Bucket': { ref: bucketName },
    'AWS::SecretsManager::Secret': { ref: secretArn },
    'AWS::SQS::Queue': {
      ref: (logicalId) => queueUrlAt(queueEndpoint, logicalId),
      attributes: { Arn: queueArn, QueueName: itself },
    },
  };
}

/** The references of a template whose resources run locally. */
export function localReferences({ Resources }: Template, queueEndpoint: string): References {
  const byType = resolvers(queueEndpoint);
  const resolverOf = (logicalId: string): Resolver => {
    const type = Resources[logicalId]?.Type;
    if (type === undefined) return {};
    return byType[type] ?? (Object.hasOwn(RESOURCE_SCHEMAS, type) ? {} : NOT_MADE_HERE);
  };
  const propertiesOf = (logicalId: string) => Resources[logicalId]?.Properties ?? {};
  return {
    ref: (logicalId) => resolverOf(logicalId).ref?.(logicalId, propertiesOf(logicalId)),
    attribute: (logicalId, attribute) => {
      const resolver = resolverOf(logicalId);
      if (resolver === NOT_MADE_HERE) return standInFor(`${logicalId}.${attribute}`);
      return resolver.attributes?.[attribute]?.(logicalId, propertiesOf(logicalId));
    },
  };
}
