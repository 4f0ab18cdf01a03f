import type { Figure } from '../figures.ts';
import { toText } from './table.ts';

const WIDTH = 960;
const LABEL_WIDTH = 330;
const VALUE_WIDTH = 150;
const ROW = 20;
const HEAD = 34;
const MARGIN = 16;
const COLOURS = { ours: '#2f6fb0', other: '#9aa5b1', floor: '#d1495b', whisker: '#3d4852' } as const;

/** Figures that one scale can hold. */
interface Panel {
  readonly title: string;
  readonly figures: readonly Figure[];
}

/**
 * Bars of medians with a line to the 90th percentile; a mark where the floor is. A panel for each suite and thing that was
 * measured; its scale is logarithmic, as it says, where the values lie more than a hundredfold apart.
 */
export function svgChart(title: string, figures: readonly Figure[]): string {
  const panels = panelsOf(figures);
  const parts: string[] = [];
  let y = MARGIN + 24;
  for (const panel of panels) {
    parts.push(...panelOf(panel, y));
    y += HEAD + panel.figures.length * ROW + MARGIN;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>${escapeXml(title)}</title>
<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>
<text x="${MARGIN}" y="${MARGIN + 6}" font-size="15" font-weight="600">${escapeXml(title)}</text>
${parts.join('\n')}
</svg>
`;
}

function panelsOf(figures: readonly Figure[]): Panel[] {
  const panels = new Map<string, Figure[]>();
  for (const figure of figures) {
    if (figure.summary === undefined) continue;
    const title = `${figure.suite}: ${figure.what}, ${figure.unit}`;
    const panel = panels.get(title);
    if (panel === undefined) panels.set(title, [figure]);
    else panel.push(figure);
  }
  return [...panels].map(([title, some]) => ({ title, figures: some }));
}

function panelOf({ title, figures }: Panel, top: number): string[] {
  const values = figures.flatMap(({ summary, floor }) =>
    summary === undefined ? [] : [summary.p50, summary.p90, ...(floor === undefined ? [] : [floor.p50])],
  );
  const place = scaleOf(values);
  const head = `<text x="${MARGIN}" y="${top + 18}" font-weight="600">${escapeXml(title)}${place.isLogarithmic ? ' (logarithmic)' : ''}</text>`;
  return [head, ...figures.flatMap((figure, index) => barOf(figure, top + HEAD + index * ROW, place.at))];
}

function barOf({ who, workload, summary, floor }: Figure, y: number, at: (value: number) => number): string[] {
  if (summary === undefined) return [];
  const name = who === 'fanjoin' ? workload : `${workload}, ${who}`;
  const middle = y + ROW / 2;
  const end = at(summary.p50);
  const mark =
    floor === undefined
      ? []
      : [
          `<line x1="${at(floor.p50)}" x2="${at(floor.p50)}" y1="${y + 1}" y2="${y + ROW - 3}" stroke="${COLOURS.floor}" stroke-width="2"><title>floor ${toText(floor.p50)}</title></line>`,
        ];
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escapeXml(name)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${Math.max(1, end - LABEL_WIDTH).toFixed(1)}" height="${ROW - 8}" fill="${who.startsWith('fanjoin') ? COLOURS.ours : COLOURS.other}"/>`,
    `<line x1="${end}" x2="${at(summary.p90)}" y1="${middle - 1}" y2="${middle - 1}" stroke="${COLOURS.whisker}"/>`,
    ...mark,
    `<text x="${WIDTH - MARGIN}" y="${middle + 4}" text-anchor="end">${toText(summary.p50)} (p90 ${toText(summary.p90)})</text>`,
  ];
}

const FAR_APART = 100;

function scaleOf(values: readonly number[]): {
  readonly at: (value: number) => number;
  readonly isLogarithmic: boolean;
} {
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH - MARGIN;
  const most = Math.max(...values, Number.MIN_VALUE);
  const least = Math.min(...values.filter((value) => value > 0), most);
  const isLogarithmic = most / least > FAR_APART;
  const low = Math.log10(least) - 0.3;
  const share = (value: number) =>
    isLogarithmic ? (Math.log10(Math.max(value, least)) - low) / (Math.log10(most) - low) : Math.max(0, value) / most;
  return { at: (value) => Number((LABEL_WIDTH + room * share(value)).toFixed(1)), isLogarithmic };
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
