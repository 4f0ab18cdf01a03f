import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostileFigures } from '../hostile/kinds.ts';
import type { KillFigures } from '../kills/kill-runs.ts';
import type { StackKillFigures } from '../kills/stack-kills.ts';
import { FAULT_KINDS } from '../simulation/faults.ts';
import type { CrashedWorkload, SeedsSummary } from '../simulation/run-many.ts';
import type { Report } from '../simulation/simulate.ts';
import { withFigures } from './document.ts';
import { crashesSummary, hostileSummary, killsSummary, mutantsSummary, seedsSummary, testsSummary } from './figures.ts';
import { JobPool } from './job-pool.ts';
import { PARTS } from './parts.ts';

const aReport = (overrides: Partial<Report> = {}): Report => ({
  seed: 7,
  violations: ['a result is lost'],
  faults: [],
  controls: [],
  steps: 1,
  virtualMs: 1,
  executions: 1,
  reached: { tooOld: 1, triedTooOften: 1, unsettled: 1, told: 1, toldTwice: 1 },
  maxHandling: 1,
  ...overrides,
});

const someSeeds = (overrides: Partial<SeedsSummary> = {}): SeedsSummary => ({
  seeds: 1_000,
  executions: 2_000,
  controls: 30,
  steps: 40,
  virtualMs: 3_600_000,
  tookMs: 1,
  faults: { ...allFaults, callFails: 5 },
  reached: { tooOld: 1, triedTooOften: 2, unsettled: 3, told: 4, toldTwice: 5 },
  failed: [],
  ...overrides,
});
const allFaults = Object.fromEntries(Object.keys(FAULT_KINDS).map((kind) => [kind, 1])) as SeedsSummary['faults'];

const aWorkload = (overrides: Partial<CrashedWorkload> = {}): CrashedWorkload => ({
  name: 'chain',
  calls: 20,
  points: 40,
  pairs: 700,
  failed: [],
  tookMs: 1,
  ...overrides,
});

const someTrials = (overrides: Partial<HostileFigures> = {}): HostileFigures => ({
  trials: 10,
  outcomes: { '200': 3, INVALID_INPUT: 7 },
  slowestMs: 1_200,
  slowest: 'x',
  failures: [],
  mostMegabytes: 300,
  ...overrides,
});

const someKills = (overrides: Partial<KillFigures> = {}): KillFigures => ({
  seed: 1,
  nodes: 2_000,
  kills: 50,
  killsByPhase: { running: 50 },
  executions: 9,
  completed: 9,
  resultsSeen: 18_000,
  resultsLost: 0,
  resultsChanged: 0,
  countedTwice: 0,
  repeatedCalls: 12,
  problems: [],
  ...overrides,
});

const someStackKills = (overrides: Partial<StackKillFigures> = {}): StackKillFigures => ({
  seed: 1,
  nodes: 300,
  kills: 5,
  killsByFunction: { Scheduler: 5 },
  executions: 2,
  completed: 2,
  problems: [],
  ...overrides,
});

describe('the figures of several processes', () => {
  it('are added up, and well if nothing was found', () => {
    const seeds = seedsSummary([someSeeds(), someSeeds()]);
    const crashes = crashesSummary([aWorkload(), aWorkload({ name: 'loop', pairs: 0 })]);
    const hostile = hostileSummary(new Map([['requests', [someTrials(), someTrials({ slowestMs: 2_000 })]]]), 3);
    const kills = killsSummary([someKills(), someKills({ seed: 2 })], [someStackKills()]);

    expect([seeds, crashes, hostile, kills].flatMap(({ problems }) => problems)).toEqual([]);
    expect(seeds.figures).toContain('| a call fails | 10 |');
    expect(seeds.figures[0]).toMatch(/2,000, of which 0 failed. 4,000 executions.* 2 hours of virtual time/);
    expect(crashes.figures[0]).toBe('**Crash points**: 80, and 700 pairs of them, of which 0 failed.');
    expect(hostile.figures.at(-1)).toBe('| requests to the API, in process | 20 | 6 | 14 | 0 | 2.0 s | 300 MB |');
    expect(kills.figures).toContain('| kills | 100 | 5 |');
  });

  it.each([
    ['a seed fails', seedsSummary([someSeeds({ failed: [aReport()] })]), 'seed 7: a result is lost'],
    [
      'a kind of fault never happened',
      seedsSummary([someSeeds({ faults: { ...allFaults, messageLost: 0 } })]),
      'this never happened: a message is lost',
    ],
    [
      'the simulation finds something in sources that nobody broke',
      mutantsSummary([], [{ eager: { by: 'seed 3', violation: 'it is open' } }]),
      'found although nothing is broken, by seed 3: it is open',
    ],
    [
      'no seed finds a mutant that a crash does',
      mutantsSummary([{ name: 'x', does: 'X.', found: { eager: { by: 'crashAfter@x', violation: 'it is open' } } }]),
      'the mutant x is found by a crash point, and by none of 500 seeds',
    ],
    [
      'a crash does harm',
      crashesSummary([aWorkload({ failed: [{ crashes: ['crashAfter@x'], violations: ['it is open'] }] })]),
      'chain: crashAfter@x: it is open',
    ],
    [
      'the API answers with a server error',
      hostileSummary(new Map([['http', [someTrials({ failures: ['500 INTERNAL: …'] })]]]), 3),
      'http: 500 INTERNAL: …',
    ],
    [
      'a kill loses a result',
      killsSummary([someKills({ completed: 8, resultsLost: 1, problems: ['lost: n1'] })], []),
      'seed 1: lost: n1',
    ],
    [
      'a worker that is killed loses one',
      killsSummary([], [someStackKills({ completed: 1, problems: ['a result is missing'] })]),
      'seed 1: a result is missing',
    ],
    [
      'a disk harms',
      testsSummary([{ passed: [], skipped: [], failed: ['a disk: it is damaged'] }]),
      'a disk: it is damaged',
    ],
  ])('tell of a problem where %s', (_where, { problems }, problem) => {
    expect(problems).toEqual([problem]);
  });

  it('tell of a problem where a mutant is missed', () => {
    const missed = { name: 'no-sweep', does: 'The sweep looks at nothing.', found: {} };

    const { problems, figures } = mutantsSummary([missed]);

    expect(problems).toEqual(['the mutant no-sweep is not found']);
    expect(figures[0]).toContain('0 of 1 found, 1 missed');
  });
});

describe('the document', () => {
  const document = [
    ...['before', '<!-- seeds: written by npm run test:long -->', 'old', '<!-- end of seeds -->', 'between'],
    ...['<!-- kills: written by npm run test:long -->', 'kept', '<!-- end of kills -->', 'behind'],
  ].join('\n');

  it('gets the figures of one part, and keeps all else', () => {
    const written = withFigures(document, 'seeds', ['new', '$& figures']);

    expect(written).toBe(document.replace('old', () => '\nnew\n$& figures\n'));
    expect(withFigures(written, 'seeds', ['new', '$& figures'])).toBe(written);
  });

  it('is refused where it has no place for them', () => {
    expect(() => withFigures(document, 'mutants', [])).toThrow("has no place for the figures of 'mutants'");
  });

  it('has a place for each part', () => {
    const reliability = readFileSync(join(import.meta.dirname, '../../docs/reliability.md'), 'utf8');

    for (const part of [...Object.keys(PARTS), 'run']) expect(() => withFigures(reliability, part, [])).not.toThrow();
  });
});

describe('a job', () => {
  it('runs in a process of its own and gives what it came to', async () => {
    const done = await new JobPool(1).run('seeds', { first: 5, count: 2 });

    expect(done).toMatchObject({ output: { seeds: 2, failed: [] } });
  });

  it('that breaks is a failure that says how, and the next one runs', async () => {
    const pool = new JobPool(1);

    const [broken, next] = await Promise.all([
      pool.run('crashes', { workload: 'no such', every: 1 }),
      pool.run('seeds', { first: 1, count: 1 }),
    ]);

    expect(broken).toMatchObject({
      failure: expect.stringMatching(/ended with code 1.*There is no workload 'no such'/s),
    });
    expect(next).toMatchObject({ output: { seeds: 1 } });
  });
});
