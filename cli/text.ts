import { relative } from 'node:path';
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Progress } from '../shared/executor/description.ts';
import type { ErrorInfo, ExecutionStatus } from '../shared/model/result.ts';
import type { CommandIo, OutputStream } from './command-io.ts';

/** `12 ms`, `1.2 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1_000) return `${whole} ms`;
  if (whole < 59_950) return `${(whole / 1_000).toFixed(1)} s`;
  const seconds = Math.round(whole / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Local time, `14:05:09`; with its date unless that is today. */
export function formatTime(ms: number, nowMs: number): string {
  const time = new Date(ms);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':');
  if (time.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${time.getFullYear()}-${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())} ${clock}`;
}

/** `just now`, `4 min ago`, `2 d ago`; a date once it is more than a month. */
export function formatAge(ms: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - ms) / 1_000);
  if (seconds < 1) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return seconds < 30 * 86_400 ? `${Math.floor(seconds / 86_400)} d ago` : (formatTime(ms, nowMs).split(' ')[0] ?? '');
}

/** How far into an execution, to the millisecond: `0.012 s`, `2 min 05.123 s`, `1 h 03 min 05 s`. */
export function formatOffset(ms: number): string {
  if (ms < 0) return `-${formatOffset(-ms)}`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(3)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${(seconds - minutes * 60).toFixed(3).padStart(6, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min ${twoDigits(Math.floor(seconds) % 60)} s`;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `12,345` */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `1 node`, `2 nodes` */
export const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `87 %`; a decimal where rounding would hide a difference from none or all. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const percent = (100 * part) / whole;
  const isNearlyAll = percent >= 99.5 && part < whole;
  if (percent < 0.1) return '< 0.1 %';
  if (isNearlyAll) return `${Math.min(99.9, percent).toFixed(1)} %`;
  return percent < 1 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`;
}

/** `3 of 7 succeeded, 1 failed` */
export function nodesText({ nodes, succeeded, failed, skipped }: Progress): string {
  const parts = [`${formatCount(succeeded)} of ${formatCount(nodes)} succeeded`];
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  if (skipped > 0) parts.push(`${formatCount(skipped)} skipped`);
  return parts.join(', ');
}

/** A label and a value on each line, the values below each other. */
export function labelledLines(rows: readonly (readonly [label: string, value: string])[], { dim }: Palette): string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${dim(label.padEnd(width))}  ${value}`);
}

/** Text from outside for one line: no control characters, which could rewrite the terminal; at most `max` characters. */
export function oneLine(text: string, max = 300): string {
  const plain = stripVTControlCharacters(text)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).trimEnd()}…`;
}

/** `CardDeclined: The card was declined`, in one line. */
export const formatError = ({ name, message }: Pick<ErrorInfo, 'name' | 'message'>, max = 300): string =>
  oneLine(message === '' ? name : `${name}: ${message}`, max);

/** A path as it is shortest to read: from the working directory, unless it lies outside. */
export function shownPath(path: string, cwd: string): string {
  const fromHere = relative(cwd, path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}

export type Style = (text: string) => string;

/** How text is set off on one stream. */
export interface Palette {
  readonly good: Style;
  readonly bad: Style;
  readonly warn: Style;
  readonly dim: Style;
  readonly bold: Style;
  readonly accent: Style;
}

/** Colours on a terminal, unless `NO_COLOR` is set (https://no-color.org); else none. */
export function paletteFor(stream: OutputStream, env: CommandIo['env']): Palette {
  const isColored = stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return isColored ? COLORED : PLAIN;
}

const style =
  (format: Parameters<typeof styleText>[0]): Style =>
  (text) =>
    styleText(format, text, { validateStream: false });

const COLORED: Palette = {
  good: style('green'),
  bad: style('red'),
  warn: style('yellow'),
  dim: style('dim'),
  bold: style('bold'),
  accent: style('cyan'),
};

const same: Style = (text) => text;
export const PLAIN: Palette = { good: same, bad: same, warn: same, dim: same, bold: same, accent: same };

/** How a status is set off. */
export function styleOfStatus(status: ExecutionStatus, { good, bad, warn }: Palette): Style {
  if (status === 'SUCCEEDED') return good;
  if (status === 'RUNNING') return same;
  return status === 'PAUSED' ? warn : bad;
}
