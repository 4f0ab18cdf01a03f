import * as z from 'zod';
import type { DiskSizes } from './disk-sizes.ts';
import type { Duplicate } from './duplicates.ts';
import type { Lockfile } from './locked-package.ts';
import { type Reach, type ReachReport, shipsToProduction } from './reach.ts';

/** A number in the report, with what a reader can run beside the lockfile; each command gives the same number. */
export const Total = z.object({ label: z.string(), value: z.int(), commands: z.array(z.string()) });
export type Total = z.infer<typeof Total>;

/**
 * Counts from the audit's own walk of the graph; the commands count what npm wrote into the lockfile, so that each
 * checks the other.
 */
export function computeTotals(
  lockfile: Lockfile,
  reach: ReachReport,
  duplicates: readonly Duplicate[],
  sizes: DiskSizes,
  fileName: string,
): Total[] {
  const { packages } = lockfile;
  const { packages: reaches } = reach;
  const { jq, npmLs } = commandsFor(lockfile, fileName);
  const reached = (...kinds: Reach[]) => reaches.filter((member) => kinds.includes(member.reach)).length;
  return [
    { label: 'packages', value: packages.length, commands: [jq(), ...npmLs()] },
    {
      label: 'of them ship to production',
      value: reaches.filter((member) => shipsToProduction(member.reach)).length,
      commands: [jq('select(.value.dev or .value.extraneous | not)'), ...npmLs('--omit=dev')],
    },
    {
      label: 'for development only',
      value: reached('development', 'development, optional'),
      commands: [jq('select(.value.dev)')],
    },
    {
      label: 'optional: installed where they can be',
      value: reached('optional', 'development, optional'),
      commands: [jq('select(.value.optional)')],
    },
    {
      label: 'for development, and optional in production',
      value: reached('both'),
      commands: [jq('select(.value.devOptional)')],
    },
    {
      label: 'asked for as peers only',
      value: reaches.filter(({ isPeerOnly }) => isPeerOnly).length,
      commands: [jq('select(.value.peer)')],
    },
    {
      label: 'different names',
      value: new Set(packages.map(({ name }) => name)).size,
      commands: [jq('', `map(${NAME}) | unique`)],
    },
    {
      label: 'names with several versions',
      value: duplicates.length,
      commands: [jq('', `map([${NAME}, .value.version]) | unique | group_by(first) | map(select(length > 1))`)],
    },
    {
      label: 'deprecated',
      value: packages.filter(({ deprecated }) => deprecated !== null).length,
      commands: [jq('select(.value.deprecated)')],
    },
    {
      label: 'run a script when installed',
      value: packages.filter(({ hasInstallScript }) => hasInstallScript).length,
      commands: [jq('select(.value.hasInstallScript)')],
    },
    ...(sizes.isMeasured
      ? [
          {
            label: 'bytes in the files installed',
            value: sizes.packages.reduce((sum, { bytes }) => sum + bytes, 0),
            commands: ["find -H node_modules -type f -not -path '*node_modules/.*' -print0 | xargs -0 cat | wc -c"],
          },
        ]
      : []),
  ];
}

/** Lists each licence with its count, as the report's table does. */
export function licencesCommand(lockfile: Lockfile, fileName: string): string {
  const { entries, file } = commandsFor(lockfile, fileName);
  return `jq -r '[${entries} | .value.license // "none"] | group_by(.)[] | "\\(length) \\(first)"' ${file} | sort -rn`;
}

const NAME = '.value.name // (.key | split("node_modules/") | last)';

function commandsFor({ projects, hasLinks }: Lockfile, fileName: string) {
  const isPlain = projects.length === 1 && !hasLinks;
  // Workspaces, and the links to them, have entries too, and are no packages.
  const entries = isPlain
    ? '.packages | del(.[""]) | to_entries[]'
    : '.packages | to_entries[] | select((.key | contains("node_modules/")) and (.value.link | not))';
  const file = /^[\w.-]+$/.test(fileName) ? fileName : `'${fileName.replaceAll("'", `'\\''`)}'`;
  return {
    entries,
    file,
    jq(select = '', then = ''): string {
      return `jq '[${[entries, select].filter(Boolean).join(' | ')}] | ${[then, 'length'].filter(Boolean).join(' | ')}' ${file}`;
    },
    /** None where there are workspaces: npm ls counts them as well. */
    npmLs: (...options: string[]): string[] =>
      isPlain
        ? [`${['npm ls --all --package-lock-only --parseable', ...options].join(' ')} | tail -n +2 | sort -u | wc -l`]
        : [],
  };
}
