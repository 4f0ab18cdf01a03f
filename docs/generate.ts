import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { WorkflowGraph } from '../cli/graph/workflow-graph.ts';
import {
  IGNORED_EVERYWHERE,
  IGNORED_OF_APPLICATIONS,
  IGNORED_PROPERTIES,
  IGNORED_TYPES,
} from '../infra/local/ignored-properties.ts';
import { openApiDocument } from '../shared/api/openapi.ts';
import { routeKey } from '../shared/api/route.ts';
import { ROUTES } from '../shared/api/routes.ts';
import { Definition } from '../shared/model/definition.ts';
import { CLOUDWATCH_METRICS } from '../shared/observability/cloudwatch-metrics.ts';
import { constructProps } from './construct-props.ts';

/** Writes what of the documentation follows from the code; with `--check`, fails if it does not agree with it. */
const ROOT = join(import.meta.dirname, '..');

const definitionSchema = (): string => {
  const schema = z.toJSONSchema(Definition, { io: 'input', unrepresentable: 'any' });
  const title = 'A fanjoin workflow definition';
  return `${JSON.stringify({ $id: 'urn:fanjoin:definition:1', title, ...schema }, null, 2)}\n`;
};

const graphSchema = (): string => {
  const schema = z.toJSONSchema(WorkflowGraph);
  const title = 'A fanjoin workflow as a graph, as `fanjoin graph --format json` prints it';
  return `${JSON.stringify({ $id: 'urn:fanjoin:graph:1', title, ...schema }, null, 2)}\n`;
};

/** What of the template has no effect on the local stack, as its page lists it. */
const ignoredProperties = (): string => {
  const rows = [
    ...Object.entries(IGNORED_EVERYWHERE).map(([property, why]) => `| all | ${property} | ${why} |`),
    ...Object.entries(IGNORED_TYPES).map(([type, why]) => `| ${type} | all | ${why} |`),
    ...[...Object.entries(IGNORED_PROPERTIES), ...Object.entries(IGNORED_OF_APPLICATIONS)].flatMap(
      ([type, properties]) => Object.entries(properties).map(([property, why]) => `| ${type} | ${property} | ${why} |`),
    ),
  ];
  return ['| Type | Property | Why |', '| --- | --- | --- |', ...rows.sort()].join('\n');
};

/** What the API answers, as its page lists it. */
const routes = (): string => {
  const rows = Object.values(ROUTES).map((route) => `| \`${routeKey(route)}\` | ${route.summary} |`);
  return ['| Route | What it does |', '| --- | --- |', ...rows].join('\n');
};

/** What CloudWatch is told, as the construct's page lists it. */
const metrics = (): string => {
  const source = readFileSync(join(ROOT, 'shared/observability/cloudwatch-metrics.ts'), 'utf8');
  const meanings = new Map(
    [...source.matchAll(/\/\*\* ([^*]+) \*\/\n\s+(\w+):/g)].map(([, text = '', key = '']) => [key, text]),
  );
  const rows = Object.entries(CLOUDWATCH_METRICS).map(
    ([key, name]) => `| \`${name}\` | ${meanings.get(key)?.trim() ?? ''} |`,
  );
  return ['| Metric | |', '| --- | --- |', ...rows].join('\n');
};

/** A file with what follows from the code in the sections of these names. */
async function withSections(file: string, sections: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(join(ROOT, file), 'utf8');
  return Object.entries(sections).reduce((before, [name, content]) => {
    const section = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
    return before.replace(section, (_whole, start: string, end: string) => `${start}${content}\n${end}`);
  }, text);
}

const generated: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/definition.schema.json': definitionSchema,
  'docs/graph.schema.json': graphSchema,
  'docs/openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'docs/api.md': () => withSections('docs/api.md', { routes: routes() }),
  'docs/construct.md': () => withSections('docs/construct.md', { props: constructProps(), metrics: metrics() }),
  'docs/local-stack.md': () => withSections('docs/local-stack.md', { 'ignored-properties': ignoredProperties() }),
};

const isCheck = process.argv.includes('--check');
for (const [name, generate] of Object.entries(generated)) {
  const text = await generate();
  const standing = await readFile(join(ROOT, name), 'utf8').catch(() => '');
  if (text === standing) continue;
  if (!isCheck) await writeFile(join(ROOT, name), text);
  else {
    console.error(`${name} does not agree with the code. Run: npm run docs`);
    process.exitCode = 1;
  }
}
