import { compilePattern, type Test } from '../../shared/core/event-pattern.ts';

/**
 * Lambda's event filtering: a record is kept if it matches any of the patterns, each as JSON text.
 *
 * @throws {EventPatternError} for a pattern that Lambda would refuse
 */
export function compileFilters(patterns: readonly string[]): Test {
  const tests = patterns.map((pattern) => compilePattern(JSON.parse(pattern), 'lambda'));
  return tests.length === 0 ? () => true : (record) => tests.some((test) => test(record));
}
