import { FanjoinError } from '../errors.ts';

/** An expression that does not parse, or asks for what it may not use. `position` counts characters from 0. */
export class ExpressionSyntaxError extends FanjoinError {
  override readonly name = 'ExpressionSyntaxError';
  constructor(source: string, problem: string, position: number | undefined) {
    const at = position === undefined ? '' : ` at position ${position}`;
    super('INVALID_EXPRESSION', `${problem}${at} in ${source}`, { details: { source, position } });
  }
}

/** An expression that failed, gave nothing, or went over a bound. */
export class ExpressionError extends FanjoinError {
  override readonly name = 'ExpressionError';
  constructor(
    code: 'EXPRESSION_FAILED' | 'EXPRESSION_UNDEFINED' | 'EXPRESSION_LIMIT',
    source: string,
    problem: string,
    cause?: unknown,
  ) {
    super(code, `${problem}: ${source}`, { cause, details: { source } });
  }
}
