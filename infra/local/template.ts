import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { FanjoinError } from '../../shared/errors.ts';

/** One resource as CloudFormation is told of it. What the strict schema does not know has no meaning here either. */
const Resource = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  /** `aws:cdk:path`: where the construct stands in its tree. */
  Metadata: z.looseObject({ 'aws:cdk:path': z.string().optional() }).optional(),
  // All resources are made at once, and gone with the process.
  DependsOn: z.unknown().optional(),
  DeletionPolicy: z.unknown().optional(),
  UpdateReplacePolicy: z.unknown().optional(),
});

/** What the command line of the CDK adds of itself, under a condition: which constructs are in use. */
const isOfCdk = (resource: unknown): boolean =>
  z.looseObject({ Type: z.literal('AWS::CDK::Metadata') }).safeParse(resource).success;

export const Template = z.object({
  Resources: z
    .record(z.string(), z.unknown())
    .transform((all) => Object.fromEntries(Object.entries(all).filter(([, resource]) => !isOfCdk(resource))))
    .pipe(z.record(z.string(), Resource)),
});
export type Template = z.infer<typeof Template>;

const AssetManifest = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string() }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

/** A synthesized stack: its template, and where its assets lie. */
export interface Assembly {
  readonly template: Template;
  /** Folder of an asset by its key in the assets bucket. */
  readonly assets: ReadonlyMap<string, string>;
}

/** Reads what `cdk synth` wrote to `directory`. */
export function readAssembly(directory: string, stackName: string): Assembly {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const template = Template.parse(read(`${stackName}.template.json`));
  const manifest = AssetManifest.parse(read(`${stackName}.assets.json`));
  const assets = Object.values(manifest.files).flatMap(({ source, destinations }) =>
    Object.values(destinations).map(({ objectKey }) => [objectKey, join(directory, source.path)] as const),
  );
  return { template, assets: new Map(assets) };
}

/** Where a synthesized stack is. */
export interface AssemblyPlace {
  /** What `cdk synth` wrote: `cdk.out`. */
  readonly directory: string;
  /** Default: the one stack that is there. */
  readonly stack?: string;
}

const TEMPLATE = '.template.json';

/** Reads the stack of an application. @throws {FanjoinError} `NO_ASSEMBLY` if it is not there, or there are several */
export function openAssembly({ directory, stack }: AssemblyPlace): Assembly {
  const files = existsSync(directory) ? readdirSync(directory) : [];
  const stacks = files.flatMap((file) => (file.endsWith(TEMPLATE) ? [file.slice(0, -TEMPLATE.length)] : []));
  const [only] = stacks;
  if (only === undefined)
    throw new FanjoinError('NO_ASSEMBLY', `There is no stack in '${directory}': run npx cdk synth first`);
  if (stack === undefined && stacks.length > 1)
    throw new FanjoinError('NO_ASSEMBLY', `'${directory}' has several stacks, name one: ${stacks.join(', ')}`);
  if (stack !== undefined && !stacks.includes(stack))
    throw new FanjoinError('NO_ASSEMBLY', `There is no stack '${stack}' in '${directory}', but ${stacks.join(', ')}`);
  return readAssembly(directory, stack ?? only);
}
