import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Validations } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ExecutorStack, type ExecutorStackProps } from '../../infra/executor-stack.ts';
import { Template } from '../../infra/local/template.ts';
import { synthesized } from './synthesized.ts';

/** All that a stack can have. */
const EVERYTHING: ExecutorStackProps = {
  newSecrets: ['stripe-key'],
  pools: { slow: {}, large: { memorySize: 2_048, timeout: Duration.minutes(10) } },
  workflows: [
    {
      name: 'w',
      nodes: { n: { type: 'transform', output: 1 } },
      triggers: [
        { id: 'placed', type: 'event', pattern: { source: ['shop'] } },
        { id: 'nightly', type: 'schedule', cron: '0 2 * * ? *' },
      ],
    },
  ],
  payloadRetention: Duration.days(30),
  tracing: { otlpEndpoint: 'https://collector.example.com:4318' },
};

let outdir: string | undefined;
afterEach(() => {
  if (outdir !== undefined) rmSync(outdir, { recursive: true });
  outdir = undefined;
});

/** Synthesizes a stack as `npx cdk synth` does, with the rules of cdk-nag; gives what it says of it. */
function findings(props: ExecutorStackProps, extend: (stack: ExecutorStack) => void = () => undefined): string {
  outdir = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  extend(new ExecutorStack(app, 'Test', props));
  const report: string[] = [];
  const { error } = console;
  console.error = (...line) => void report.push(line.join(' '));
  try {
    app.synth();
  } catch (failure) {
    report.push(String(failure));
  } finally {
    console.error = error;
  }
  return report.join('\n');
}

describe('the rules of AwsSolutions', () => {
  it.each([
    ['as it is', {}],
    ['with all it can have', EVERYTHING],
    ['without what can be left out', { accessLogs: false, lifecycleEvents: false }],
  ] satisfies [string, ExecutorStackProps][])('find nothing that is not acknowledged in a stack %s', (_what, props) => {
    expect(findings(props)).toBe('');
  });

  it('find what an application adds and does not acknowledge', () => {
    const found = findings({}, (stack) => void new Topic(stack, 'Topic'));

    expect(found).toMatch(/AwsSolutions-SNS3/);
    expect(found).not.toMatch(/AwsSolutions-(?!SNS)/);
  });
});

describe('what is acknowledged', () => {
  it('says why, in a sentence', () => {
    const app = new App({ analyticsReporting: false });
    const stack = new ExecutorStack(app, 'Test', EVERYTHING);

    const reasons = stack.node
      .findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .map(({ data }) => JSON.stringify(data));
    expect(reasons.length).toBeGreaterThan(4);
    expect(reasons.filter((reason) => reason.split(' ').length < 6)).toEqual([]);
  });
});

describe('the template', () => {
  const { template, outdir: folder } = synthesized(EVERYTHING);
  rmSync(folder, { recursive: true });
  const resources = Object.values(Template.parse(template.toJSON()).Resources);

  it("has resources of AWS alone, and of custom ones the CDK's trigger", () => {
    const types = new Set(resources.map(({ Type }) => Type));

    expect([...types].filter((type) => !type.startsWith('AWS::'))).toEqual(['Custom::Trigger']);
    expect([...types].filter((type) => /^AWS::(CloudFormation|Serverless|CDK)::/.test(type))).toEqual([]);
  });

  it('notes what no function could take of each asynchronous invocation and each target of a rule', () => {
    const targets = resources.flatMap(({ Type, Properties }) =>
      Type === 'AWS::Events::Rule' ? z.array(z.looseObject({})).parse(Properties.Targets) : [],
    );
    const invokeConfigs = resources.filter(({ Type }) => Type === 'AWS::Lambda::EventInvokeConfig');

    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets)
      expect(JSON.stringify(target.DeadLetterConfig)).toMatch(/Undelivered|TriggerEventsDeadLetterQueue/);
    expect(invokeConfigs.length).toBeGreaterThan(0);
    for (const { Properties } of invokeConfigs)
      expect(JSON.stringify(Properties.DestinationConfig)).toContain('Undelivered');
  });
});
