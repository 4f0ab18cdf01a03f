import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { afterAll, describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

const FIXTURE = join(import.meta.dirname, 'fixtures/handlers.ts');
const { template, outdir } = synthesized();
afterAll(() => rmSync(outdir, { recursive: true }));

const resources = (type: string) => Object.entries(template.findResources(type));

describe('functions', () => {
  it('have their runtime, architecture and log retention pinned', () => {
    template.resourceCountIs('AWS::Lambda::Function', 6);
    template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      LoggingConfig: { LogGroup: Match.anyValue() },
    });
    // One of them is the API's, for its requests.
    template.resourceCountIs('AWS::Logs::LogGroup', 7);
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it('are bundled whole: nothing is left to import but what Node.js brings, and chunks that lie beside them', () => {
    for (const files of bundles(outdir)) {
      const imported = [...files.values()].flatMap((source) => [...staticImports(source), ...dynamicImports(source)]);

      expect(imported.length).toBeGreaterThan(0);
      expect(
        imported.filter((name) => !name.startsWith('node:') && !BUILTIN.test(name) && !files.has(name.slice(2))),
      ).toEqual([]);
    }
  });

  it.each([
    ['exports spans: the observer', OTLP, [/exportSpans/]],
    // The API tells again what a record said that was given up.
    ['puts events on a bus: the API and the observer', EVENTBRIDGE, [/ROUTE_NOT_FOUND/, /exportSpans/]],
    ['reads secrets: the node runner', /com\.amazonaws\.secretsmanager/, [/SECRET_ARNS/]],
  ])('load what %s alone has it, in a chunk that comes when it is needed', (_what, mark, ownMarks) => {
    const having = bundles(outdir).filter((files) => [...files.values()].some((source) => mark.test(source)));

    expect(having).toHaveLength(ownMarks.length);
    for (const ownMark of ownMarks) {
      const one = having.find((files) => ownMark.test(files.get('index.mjs') ?? ''));
      const atOnce = new Set(['index.mjs']);
      for (const file of atOnce)
        for (const name of staticImports(one?.get(file) ?? '')) if (name.startsWith('./')) atOnce.add(name.slice(2));
      expect(atOnce.size).toBeGreaterThan(1);
      expect([...atOnce].filter((file) => mark.test(one?.get(file) ?? ''))).toEqual([]);
    }
  });

  it('run the handlers of the application', () => {
    const { outdir: folder } = synthesized({ handlersEntry: FIXTURE });
    const sources = bundles(folder).map((files) => [...files.values()].join('\n'));
    rmSync(folder, { recursive: true });

    expect(sources.filter((source) => source.includes('only-in-this-fixture'))).toHaveLength(1);
    expect(sources.some((source) => source.includes('orders.charge'))).toBe(false);
  });

  it('tell the API which code the handlers are, so that no cached output outlives it', () => {
    const version = (from: typeof template) =>
      Object.entries(from.findResources('AWS::Lambda::Function')).find(([id]) => id.includes('ApiFunction'))?.[1]
        .Properties.Environment.Variables.HANDLERS_VERSION;
    const { template: other, outdir: folder } = synthesized({ handlersEntry: FIXTURE });
    const { template: same, outdir: sameFolder } = synthesized();
    for (const one of [folder, sameFolder]) rmSync(one, { recursive: true });

    expect(version(template)).toMatch(/^[0-9a-f]{16}$/);
    expect(version(same)).toBe(version(template));
    expect(version(other)).not.toBe(version(template));
  });

  it('tell the API what of the stack changes what executions cost', () => {
    const variables = (from: typeof template) =>
      Object.entries(from.findResources('AWS::Lambda::Function')).find(([id]) => id.includes('ApiFunction'))?.[1]
        .Properties.Environment.Variables;
    const { template: other, outdir: folder } = synthesized({
      ...{ runnerMemorySize: 2_048, lifecycleEvents: false },
      pools: { slow: { timeout: Duration.minutes(15) }, shared: { size: 5 } },
    });
    rmSync(folder, { recursive: true });

    expect(variables(template)).toMatchObject({ LIFECYCLE_EVENTS: 'executions' });
    expect(JSON.parse(variables(template).RUNNERS)).toEqual({ default: { timeoutSeconds: 300, memoryMb: 1_024 } });
    expect(variables(other)).toMatchObject({ LIFECYCLE_EVENTS: 'none' });
    expect(JSON.parse(variables(other).RUNNERS)).toEqual({
      default: { timeoutSeconds: 300, memoryMb: 2_048 },
      slow: { timeoutSeconds: 900, memoryMb: 2_048 },
    });
  });

  it('may be retried more often than Lambda takes for a loop', () => {
    const allowed = resources('AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties.RecursiveLoop === 'Allow',
    );

    expect(allowed.map(([id]) => id)).toEqual([expect.stringContaining('NodeRunner')]);
  });
});

/** The files of each function, by their names. */
const bundles = (folder: string): Map<string, string>[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('asset.'))
    .map((asset) => {
      const names = readdirSync(join(folder, asset));
      return new Map(names.map((name) => [name, readFileSync(join(folder, asset, name), 'utf8')]));
    });

const matches = (source: string, pattern: RegExp): string[] =>
  [...source.matchAll(pattern)].map(([, name]) => name ?? '');
const staticImports = (source: string): string[] =>
  matches(source, /(?:^|[;}\s])import(?:[^'"()]*?from)?\s*["']([^"']+)["']/g);
const dynamicImports = (source: string): string[] => matches(source, /\bimport\(\s*["'](\.[^"']+)["']\s*\)/g);

/** What only the exporter for OTLP says. */
const OTLP = /v1\/traces/;
/** The same of EventBridge's client: the protocol's name of the service. */
const EVENTBRIDGE = /AWSEvents/;

const BUILTIN =
  /^(assert|async_hooks|buffer|child_process|crypto|events|fs|http|http2|https|module|net|os|path|process|stream|tls|url|util|zlib)(\/promises)?$/;
