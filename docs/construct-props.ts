import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const CONSTRUCTS = join(import.meta.dirname, '../infra/constructs');

/** An interface of props, and the file it stands in. */
const INTERFACES = [
  ['ServerlessExecutorProps', 'serverless-executor.ts'],
  ['PoolProps', 'pool-settings.ts'],
  ['MetricsProps', 'executor-metrics.ts'],
  ['AlarmsProps', 'executor-alarms.ts'],
  ['LifecycleEventsProps', 'lifecycle-bus.ts'],
  ['TraceExportProps', 'trace-export.ts'],
] as const;

/** Tables of the construct's props, as their docstrings have them. */
export const constructProps = (): string =>
  INTERFACES.map(
    ([name, file]) => `### \`${name}\`\n\n${tableOf(name, readFileSync(join(CONSTRUCTS, file), 'utf8'))}`,
  ).join('\n\n');

function tableOf(name: string, source: string): string {
  const [, body] = new RegExp(`export interface ${name} (?:extends [^{]+)?\\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  if (body === undefined) throw new Error(`There is no interface ${name} to document`);
  const rows = [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)(\??): ([^;]+);/g)].map(
    ([, comment = '', prop = '', optional = '', type = '']) => {
      const [text = '', standard] = textOf(comment).split(/\s*@default\s+/);
      return `| \`${prop}\` | \`${cell(type)}\` | ${optional === '' ? 'required' : cell(standard ?? '')} | ${cell(text)} |`;
    },
  );
  return ['| Prop | Type | Default | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const textOf = (comment: string): string => comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
const cell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
