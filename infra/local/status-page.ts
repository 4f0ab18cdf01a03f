import type { StackStatus } from './stack-status.ts';
import { type StatusTable, statusHeadline, statusTables } from './status-tables.ts';

const REFRESH_SECONDS = 2;

const STYLE = `
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
  body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; }
  h1 { font-size: 1.15rem; font-weight: 600; }
  h2 { font-size: 1rem; font-weight: 600; margin: 2rem 0 .4rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; vertical-align: top; padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--line); }
  th { font-weight: 500; opacity: .65; white-space: nowrap; }
  td { white-space: pre-wrap; overflow-wrap: anywhere; }
  td:first-child { white-space: nowrap; }
  p, footer { opacity: .65; }
  footer { margin-top: 2rem; }
`;

/** A stack's status for a browser, which asks for it again every two seconds. It needs no script. */
export const statusPage = (status: StackStatus): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>The local stack</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(statusHeadline(status))}</h1>
${statusTables(status).map(section).join('\n')}
<footer>Again every ${REFRESH_SECONDS} seconds. As JSON: <a href="/status.json">/status.json</a></footer>
</body>
</html>
`;

function section({ title, columns, rows, empty }: StatusTable): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body =
    rows.length === 0
      ? `<p>${escaped(empty)}</p>`
      : `<div class="scroll"><table><thead>${row(columns, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table></div>`;
  return `<section><h2>${escaped(title)}</h2>${body}</section>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
