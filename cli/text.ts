import { relative } from 'node:path';
import { stripVTControlCharacters, styleText } from 'node:util';
import type { ErrorInfo } from '../shared/model/result.ts';
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

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `12,345` */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `1 node`, `2 nodes` */
export const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

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

type Style = (text: string) => string;

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
