import * as z from 'zod';
import { FanjoinError } from '../../shared/errors.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './emulators.ts';
import { standInFor } from './stand-ins.ts';

/** What a template's references stand for. `undefined`: nothing is known by that name. */
export interface References {
  ref(logicalId: string): string | undefined;
  attribute(logicalId: string, attribute: string): string | undefined;
}

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::AccountId': LOCAL_ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::Region': LOCAL_REGION,
  'AWS::StackId': `arn:aws:cloudformation:${LOCAL_REGION}:${LOCAL_ACCOUNT}:stack/local/local`,
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'localhost',
};

const GetAtt = z.union([z.tuple([z.string(), z.string()]), z.string().transform((text) => text.split(/\.(.*)/s, 2))]);
const Join = z.tuple([z.string(), z.array(z.unknown())]);
const Sub = z.tuple([z.string(), z.record(z.string(), z.unknown())]);

/**
 * Replaces a value's intrinsic functions by what they stand for: `Ref`, `Fn::GetAtt`, `Fn::Join`, `Fn::Sub`,
 * `Fn::ImportValue` and the pseudo parameters. A property that is `AWS::NoValue` is left out.
 *
 * @param place where the value stands, for the message of an error
 * @throws {FanjoinError} `UNKNOWN_REFERENCE`, `UNKNOWN_INTRINSIC`
 */
export function resolveIntrinsics(value: unknown, references: References, place: string): unknown {
  if (Array.isArray(value)) {
    return value
      .map((element, index) => resolveIntrinsics(element, references, `${place}[${index}]`))
      .filter((element) => element !== undefined);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (only !== undefined && entries.length === 1) {
    const [name, argument] = only;
    if (name === 'Ref' && typeof argument === 'string')
      return argument === 'AWS::NoValue' ? undefined : refer(argument, references, place);
    if (name.startsWith('Fn::')) return callIntrinsic(name, argument, references, place);
  }
  const resolved = entries.map(
    ([key, property]) => [key, resolveIntrinsics(property, references, `${place}.${key}`)] as const,
  );
  return Object.fromEntries(resolved.filter(([, property]) => property !== undefined));
}

function callIntrinsic(name: string, argument: unknown, references: References, place: string): unknown {
  switch (name) {
    case 'Fn::GetAtt': {
      const [logicalId = '', attribute = ''] = GetAtt.parse(argument);
      return getAttribute(logicalId, attribute, references, place);
    }
    case 'Fn::Join': {
      const [separator, parts] = Join.parse(argument);
      return parts.map((part) => String(resolveIntrinsics(part, references, place))).join(separator);
    }
    case 'Fn::Sub': {
      const [text, variables] = Sub.parse(typeof argument === 'string' ? [argument, {}] : argument);
      return text.replace(/\$\{([^}]+)\}/g, (_match, name: string) => {
        if (name.startsWith('!')) return `\${${name.slice(1)}}`;
        if (Object.hasOwn(variables, name)) return String(resolveIntrinsics(variables[name], references, place));
        const [logicalId = '', attribute] = name.split(/\.(.*)/s, 2);
        return attribute === undefined
          ? refer(logicalId, references, place)
          : getAttribute(logicalId, attribute, references, place);
      });
    }
    case 'Fn::ImportValue':
      return standInFor(String(resolveIntrinsics(argument, references, place)));
    default:
      throw new FanjoinError(
        'UNKNOWN_INTRINSIC',
        `${place}: the local stack does not know ${name}. Add it to infra/local/intrinsics.ts`,
      );
  }
}

function refer(name: string, references: References, place: string): string {
  const value = PSEUDO_PARAMETERS[name] ?? references.ref(name);
  if (value === undefined) throw unknownReference(place, `{ Ref: ${name} }`);
  return value;
}

function getAttribute(logicalId: string, attribute: string, references: References, place: string): string {
  const value = references.attribute(logicalId, attribute);
  if (value === undefined) throw unknownReference(place, `{ Fn::GetAtt: [${logicalId}, ${attribute}] }`);
  return value;
}

const unknownReference = (place: string, reference: string): FanjoinError =>
  new FanjoinError(
    'UNKNOWN_REFERENCE',
    `${place}: the local stack does not know what ${reference} stands for. Add it to infra/local/references.ts`,
  );
