import { zodIssues } from '../shared/core/zod-issues.ts';
import { InvalidInputError } from '../shared/errors.ts';
import { ExecutionConfig, ExecutionConfigInput } from '../shared/model/config.ts';
import { UsageError } from './usage-error.ts';

/** Config from `--config maxParallelNodes=4 --config retryFailedNodes=true`. @throws {UsageError | InvalidInputError} */
export function parseConfig(pairs: readonly string[] = []): ExecutionConfigInput {
  const known = Object.keys(ExecutionConfig.shape);
  const entries = pairs.map((pair): [string, unknown] => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new UsageError(`--config takes key=value, not '${pair}'. Keys: ${known.join(', ')}`);
    const key = pair.slice(0, equals);
    if (!known.includes(key)) throw new UsageError(`--config knows no '${key}'. Keys: ${known.join(', ')}`);
    return [key, toValue(pair.slice(equals + 1))];
  });
  const parsed = ExecutionConfigInput.safeParse(Object.fromEntries(entries));
  if (!parsed.success) throw new InvalidInputError('The --config', zodIssues(parsed.error));
  return parsed.data;
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
