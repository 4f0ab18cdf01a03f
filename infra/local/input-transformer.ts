import type { BusEvent } from './bus-event.ts';
import type { RuleProperties } from './resource-schemas.ts';

export type InputTransformer = NonNullable<RuleProperties['Targets'][number]['InputTransformer']>;

/**
 * What a rule makes of an event for its target: `<name>` in the template stands for what is at the name's path, and some
 * names for what EventBridge knows itself.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function transformInput(
  { InputTemplate, InputPathsMap }: InputTransformer,
  event: BusEvent,
  { ruleArn, receivedAtMs }: { readonly ruleArn: string; readonly receivedAtMs: number },
): unknown {
  const { detail: _detail, ...envelope } = event;
  const known: Readonly<Record<string, unknown>> = {
    'aws.events.rule-arn': ruleArn,
    'aws.events.rule-name': ruleArn.split('/').at(-1),
    'aws.events.event': envelope,
    'aws.events.event.json': event,
    'aws.events.event.ingestion-time': new Date(receivedAtMs).toISOString(),
  };
  const text = InputTemplate.replace(/<([\w.-]+)>/g, (_whole, name: string, at: number) => {
    const path = InputPathsMap[name];
    const json = JSON.stringify(path === undefined ? known[name] : atPath(event, path)) ?? 'null';
    // Within a text it is a part of it.
    return isInText(InputTemplate.slice(0, at)) ? json.replace(/^"(.*)"$/s, '$1') : json;
  });
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isInText = (before: string): boolean => (before.replace(/\\./g, '').match(/"/g) ?? []).length % 2 === 1;

/** `$.detail.nodeId` of an event; null if there is nothing. */
export function atPath(event: BusEvent, path: string): unknown {
  let value: unknown = event;
  for (const name of path.split('.').slice(1))
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([key]) => key === name)?.[1]
        : undefined;
  return value ?? null;
}
