import type jsonata from 'jsonata';
import type { ExpressionMeter } from './expression-meter.ts';

/** The library looks these up by symbol, before and after each step. */
export const STEP_HOOK = Symbol.for('jsonata.__evaluate_entry');
export const RESULT_HOOK = Symbol.for('jsonata.__evaluate_exit');

/** Where the library keeps variables; `base` is one object for one evaluation. */
export interface Frame extends jsonata.Environment {
  readonly base: { RegexEngine: unknown };
}

export type Hook = (node: unknown, input: unknown, environment: Frame, result?: unknown) => void;

/** Its types know only string names. */
export function bindHook(program: jsonata.Expression, name: symbol, hook: Hook): void {
  const hookable: { assign(name: string | symbol, value: Hook): void } = program;
  hookable.assign(name, hook);
}

const meters = new WeakMap<object, ExpressionMeter>();

/** Kept beside the evaluation, not among its variables: those an expression can set. */
export function startMeter(environment: Frame, meter: ExpressionMeter): void {
  meters.set(environment.base, meter);
}

export const findMeter = (environment: Frame): ExpressionMeter | undefined => meters.get(environment.base);

export function meterOf(environment: Frame): ExpressionMeter {
  const meter = meters.get(environment.base);
  if (meter === undefined) throw new Error('jsonata called a function before its first step');
  return meter;
}
