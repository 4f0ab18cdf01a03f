import { rmSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { ExecutorStackProps } from '../../infra/executor-stack.ts';
import { CLOUDWATCH_METRICS } from '../../shared/observability/cloudwatch-metrics.ts';
import { synthesized } from './synthesized.ts';

function templateOf(props: ExecutorStackProps = {}): Template {
  const { template, outdir } = synthesized(props);
  rmSync(outdir, { recursive: true });
  return template;
}

const template = templateOf({ pools: { slow: {} } });
const silent = templateOf({ metrics: false, alarms: false, dashboard: false });
const chosen = templateOf({
  metrics: { namespace: 'Shop', service: 'orders' },
  alarms: {
    actions: [{ bind: () => ({ alarmActionArn: 'arn:aws:sns:eu-west-1:111122223333:on-call' }) }],
    failurePercentage: 25,
    minimumEnded: 3,
    maxStreamAge: Duration.minutes(3),
  },
});

/** By the construct's name: `SchedulerErrors`. */
const alarmsOf = (from: Template) =>
  new Map(
    Object.entries(from.findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => [
      /Alarms([A-Za-z]+?)[0-9A-F]{8}$/.exec(id)?.[1] ?? id,
      Properties,
    ]),
  );
const variablesOf = (from: Template, part: string) =>
  Object.entries(from.findResources('AWS::Lambda::Function')).find(([id]) => id.includes(part))?.[1].Properties
    .Environment.Variables;

describe('alarms', () => {
  it('are there for all that needs somebody to look, and say what each means', () => {
    const alarms = alarmsOf(template);

    expect([...alarms.keys()].toSorted()).toEqual([
      'ApiErrors',
      'DeadLetters',
      'FailureRate',
      'GivenUp',
      'ObserverAge',
      'SchedulerAge',
      'SchedulerErrors',
      'SweepFailures',
      'SweepRepairs',
      'Throttles',
      'Undelivered',
      'Unsettled',
    ]);
    for (const { AlarmDescription, TreatMissingData } of alarms.values()) {
      expect(AlarmDescription.split(' ').length).toBeGreaterThan(5);
      expect(TreatMissingData).toBe('notBreaching');
    }
  });

  it('look at the queues of all pools, and at all functions', () => {
    const { Unsettled, Throttles } = Object.fromEntries(alarmsOf(template));

    for (const pool of ['default', 'slow'])
      expect(JSON.stringify(Unsettled?.Metrics)).toContain(`Pool${pool}UnsettledQueue`);
    for (const part of ['ApiFunction', 'Scheduler', 'NodeRunner', 'DeadLetter', 'Sweep', 'Observer'])
      expect(JSON.stringify(Throttles?.Metrics)).toContain(`Executor${part}`);
  });

  it('tell whom they are given, of the beginning and of the end, at the bounds that were chosen', () => {
    const alarms = alarmsOf(chosen);

    for (const { AlarmActions, OKActions } of alarms.values())
      expect([AlarmActions, OKActions]).toEqual([
        [expect.stringContaining('on-call')],
        [expect.stringContaining('on-call')],
      ]);
    expect(alarms.get('FailureRate')?.Threshold).toBe(25);
    expect(JSON.stringify(alarms.get('FailureRate')?.Metrics)).toContain('ended >= 3');
    expect(alarms.get('SchedulerAge')?.Threshold).toBe(180_000);
  });

  it('look only at metrics that the functions write, where they write them', () => {
    const names = new Set<string>(Object.values(CLOUDWATCH_METRICS));
    const looked = Object.values(chosen.findResources('AWS::CloudWatch::Alarm')).flatMap(({ Properties }) => [
      Properties,
      ...(Properties.Metrics ?? []).flatMap((one: { MetricStat?: { Metric: object } }) => one.MetricStat?.Metric ?? []),
    ]);
    const own = looked.filter(({ Namespace }) => Namespace === 'Shop');

    expect(own.length).toBeGreaterThan(3);
    for (const { MetricName, Dimensions } of own) {
      expect(names.has(MetricName), MetricName).toBe(true);
      expect(Dimensions).toEqual([{ Name: 'service', Value: 'orders' }]);
    }
  });
});

describe('functions', () => {
  it('are told the namespace and the service, and by default the path of the executor', () => {
    for (const part of ['Scheduler', 'Observer', 'Sweep', 'DeadLetter']) {
      expect(variablesOf(template, part)).toMatchObject({
        POWERTOOLS_METRICS_NAMESPACE: 'Fanjoin',
        POWERTOOLS_SERVICE_NAME: 'Test/Executor',
      });
      expect(variablesOf(chosen, part)).toMatchObject({
        POWERTOOLS_METRICS_NAMESPACE: 'Shop',
        POWERTOOLS_SERVICE_NAME: 'orders',
      });
    }
  });

  it('are told nothing where nobody wants metrics, and nothing is made that would look at them', () => {
    for (const part of ['Scheduler', 'Observer', 'Sweep', 'DeadLetter'])
      expect(variablesOf(silent, part)).not.toHaveProperty('POWERTOOLS_METRICS_NAMESPACE');
    silent.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    silent.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  it('keep alarms on the rest without metrics of executions', () => {
    const alarms = alarmsOf(templateOf({ metrics: false }));

    expect([...alarms.keys()]).not.toEqual(expect.arrayContaining(['FailureRate']));
    expect([...alarms.keys()]).toEqual(expect.arrayContaining(['Unsettled', 'SchedulerErrors', 'Throttles']));
  });
});

it('the dashboard shows every metric there is, the alarms, the queues and the functions', () => {
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardBody: Match.anyValue() });
  const text = JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard'));

  for (const name of Object.values(CLOUDWATCH_METRICS)) expect(text).toContain(name);
  for (const part of [
    'IteratorAge',
    'PooldefaultQueue',
    'PoolslowQueue',
    'ExecutorNodeRunner',
    'AlarmsSchedulerErrors',
  ])
    expect(text).toContain(part);
});
