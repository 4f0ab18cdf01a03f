import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { OperationCounts } from '../../shared/billing/prices.ts';

/** What CloudWatch can tell of a stack that executions say they were billed for. */
export const COMPARED = ['writeUnits', 'readUnits', 'invocations'] as const;
export type Compared = (typeof COMPARED)[number];
export type Consumed = Readonly<Record<Compared, number>>;

export interface DeployedResources {
  readonly tableName: string;
  readonly indexNames: readonly string[];
  readonly functionNames: readonly string[];
}

/** CloudWatch keeps a table's capacity by the minute, and an index's apart from its table's. */
const PERIOD_SECONDS = 60;

/** What to ask CloudWatch: each answer's id begins with the kind it counts to. */
export function metricQueries({ tableName, indexNames, functionNames }: DeployedResources): MetricDataQuery[] {
  const places = [
    { TableName: tableName },
    ...indexNames.map((index) => ({ TableName: tableName, GlobalSecondaryIndexName: index })),
  ];
  return [
    ...places.map((place, n) => query(`writeUnits_${n}`, 'AWS/DynamoDB', 'ConsumedWriteCapacityUnits', place)),
    ...places.map((place, n) => query(`readUnits_${n}`, 'AWS/DynamoDB', 'ConsumedReadCapacityUnits', place)),
    ...functionNames.map((name, n) => query(`invocations_${n}`, 'AWS/Lambda', 'Invocations', { FunctionName: name })),
  ];
}

const query = (
  id: string,
  namespace: string,
  name: string,
  place: Readonly<Record<string, string>>,
): MetricDataQuery => ({
  Id: id,
  MetricStat: {
    Metric: {
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(place).map(([Name, Value]) => ({ Name, Value })),
    },
    Period: PERIOD_SECONDS,
    Stat: 'Sum',
  },
});

/** Sums up what CloudWatch answered. */
export function sumConsumed(
  results: readonly { readonly Id?: string | undefined; readonly Values?: readonly number[] | undefined }[],
): Consumed {
  const of = (kind: Compared): number =>
    results
      .filter(({ Id }) => Id?.startsWith(`${kind}_`) === true)
      .flatMap(({ Values = [] }) => Values)
      .reduce((sum, value) => sum + value, 0);
  return { writeUnits: of('writeUnits'), readUnits: of('readUnits'), invocations: of('invocations') };
}

export interface Comparison {
  readonly kind: Compared;
  readonly billed: number;
  readonly consumed: number;
  /** Of what was consumed, beside what executions say. Negative: they say too much. */
  readonly difference: number;
  readonly isWithin: boolean;
}

/** Executions side by side share invocations, so what they say together may be more than there was. */
const TOO_MUCH: Consumed = { writeUnits: 0.1, readUnits: 0.5, invocations: 1 };
/** What they cannot know of: the sweep each minute, definitions, metrics of workflows, who looked at them. */
const TOO_LITTLE: Consumed = { writeUnits: 0.25, readUnits: 3, invocations: 3 };
/** Some of each are always there, in the minutes that it takes. */
const FEW: Consumed = { writeUnits: 40, readUnits: 100, invocations: 60 };

/**
 * Sets what executions say they were billed for beside what AWS counted while they ran, on a stack that did nothing else.
 * Of writes, which are most of the cost, little may be missing; reads and invocations hold whoever looked, too.
 */
export function compareCapacity(billed: Pick<OperationCounts, Compared>, consumed: Consumed): readonly Comparison[] {
  return COMPARED.map((kind) => {
    const difference = consumed[kind] - billed[kind];
    const least = -FEW[kind] - TOO_MUCH[kind] * billed[kind];
    const most = FEW[kind] + TOO_LITTLE[kind] * billed[kind];
    return {
      ...{ kind, difference, billed: billed[kind], consumed: consumed[kind] },
      isWithin: consumed[kind] > 0 && difference >= least && difference <= most,
    };
  });
}
