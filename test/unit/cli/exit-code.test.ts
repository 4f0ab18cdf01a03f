import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodeOfSignal, exitCodeOfStatus } from '../../../cli/exit-code.ts';
import { reportError } from '../../../cli/report-error.ts';
import { UsageError } from '../../../cli/usage-error.ts';
import {
  CheckpointNotFoundError,
  DatabaseError,
  ExecutionExistsError,
  ExecutionNotFoundError,
  FanjoinError,
  InvalidDefinitionError,
  InvalidInputError,
  InvalidStateError,
} from '../../../shared/errors.ts';
import { EndpointError } from '../../../shared/executor/api-client.ts';
import { aTestIo } from './test-io.ts';

const issues = [{ path: 'nodes.a', code: 'CYCLE', message: 'closes a cycle' }];
const plain = { json: false, verbose: false };

describe('the exit code', () => {
  it.each([
    [0, 'SUCCEEDED'],
    [0, 'PAUSED'],
    [1, 'FAILED'],
    [1, 'TIMED_OUT'],
    [1, 'CANCELLED'],
  ] as const)('is %i for an execution that is %s', (code, status) => {
    expect(exitCodeOfStatus(status)).toBe(code);
  });

  it.each([
    [2, new UsageError('no such file')],
    [2, new InvalidInputError('The input', issues)],
    [2, new InvalidInputError('The input', issues, 'NOT_JSON')],
    [2, new InvalidDefinitionError('w', issues)],
    [2, new FanjoinError('UNREGISTERED_HANDLER', 'x')],
    [2, new ExecutionExistsError('x')],
    [2, new InvalidStateError('x', 'SUCCEEDED', 'cancel')],
    [2, new CommanderError(1, 'commander.unknownOption', `error: unknown option '--x'`)],
    [0, new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')],
    [3, new ExecutionNotFoundError('x')],
    [3, new CheckpointNotFoundError('x.1')],
    [4, new DatabaseError('DATABASE_IN_USE', 'x')],
    [4, new DatabaseError('DATABASE_FULL', 'x')],
    [4, new EndpointError('http://x', 'did not answer')],
    [4, new TypeError('a bug')],
    [4, 'thrown text'],
  ])('is %i for %s', (code, error) => {
    expect(reportError(error, aTestIo(), plain)).toBe(code);
  });

  it('of an interrupt is what shells expect', () => {
    expect([exitCodeOfSignal('SIGINT'), exitCodeOfSignal('SIGTERM')]).toEqual([130, 143]);
  });
});

describe('an error', () => {
  it('is one message without a stack', () => {
    const io = aTestIo();

    reportError(new ExecutionNotFoundError('x'), io, plain);

    expect(io.stderr.text).toBe(`error: There is no execution 'x' here. Check the id and the database or endpoint.\n`);
    expect(io.stdout.text).toBe('');
  });

  it('has its stack and causes with --verbose', () => {
    const io = aTestIo();

    reportError(new UsageError('x', new Error('the cause')), io, { json: false, verbose: true });

    expect(io.stderr.text).toMatch(/error: x\nUsageError: x\n {4}at [\s\S]*caused by Error: the cause\n {4}at /);
  });

  it('that is a bug says what it is and how to learn more', () => {
    const io = aTestIo();

    reportError(new TypeError('x is undefined'), io, plain);

    expect(io.stderr.text).toBe('error: TypeError: x is undefined\n--verbose shows where it comes from.\n');
  });

  it('is JSON on stdout too with --json, its issues listed', () => {
    const io = aTestIo();

    reportError(new InvalidDefinitionError('w', issues), io, { json: true, verbose: false });

    expect(JSON.parse(io.stdout.text)).toEqual({
      error: { code: 'INVALID_DEFINITION', message: expect.stringContaining('nodes.a: closes a cycle'), issues },
    });
  });
});
