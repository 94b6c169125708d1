/** Renders a recording as one animated SVG, without scripts, fonts or other external content. */
import xterm, { type IBufferCell, type Terminal } from '@xterm/headless';
import type { Cast } from './cast.js';

const cellWidth = 8.4;
const cellHeight = 18;
const padding = 14;
/** Seconds that the last frame is shown before the animation restarts. */
const endingSeconds = 4;
/** Outputs that follow each other faster than this, in seconds, share a frame. */
const minFrameSeconds = 0.04;

const background = '#16181d';
const foreground = '#d8dee9';
/** The sixteen named colours of a terminal. */
const palette = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9'];
const brightPalette = ['#7f8796', ...palette.slice(1)];

/** The rows of the window at one time. Equal rows are defined once and reused. */
interface Frame {
  readonly at: number;
  readonly rows: readonly string[];
}

/** Renders a recording. The same recording always gives the same picture. */
export async function renderSvg(cast: Cast): Promise<string> {
  const frames = await renderFrames(cast);
  const ids = new Map<string, string>();
  for (const row of frames.flatMap(({ rows }) => rows)) if (row !== '' && !ids.has(row)) ids.set(row, `r${ids.size.toString(36)}`);
  const width = Math.round(cast.columns * cellWidth + 2 * padding);
  const height = cast.rows * cellHeight + 2 * padding;
  const end = (frames.at(-1)?.at ?? 0) + endingSeconds;
  const keys = frames.map(({ at }, index) => `${((at / end) * 100).toFixed(3)}%{transform:translateX(${-index * width}px)}`);
  const drawn = frames.map(({ rows }, index) => {
    const uses = rows.map((row, y) => (row === '' ? '' : `<use href="#${ids.get(row)}" y="${y * cellHeight}"/>`)).join('');
    return `<g transform="translate(${index * width + padding} ${padding})">${uses}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(cast.title)}">
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:${foreground}}.film{animation:film ${end.toFixed(2)}s step-end infinite}@keyframes film{${keys.join('')}}</style>
<defs>${[...ids].map(([row, id]) => `<g id="${id}">${row}</g>`).join('\n')}</defs>
<rect width="100%" height="100%" rx="8" fill="${background}"/>
<g class="film">
${drawn.join('\n')}
</g>
</svg>
`;
}

async function renderFrames({ columns, rows, events }: Cast): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const frames: Frame[] = [];
  for (const [index, [at, text]] of events.entries()) {
    await new Promise<void>((resolve) => terminal.write(text, resolve));
    const next = events[index + 1];
    if (next !== undefined && next[0] - at < minFrameSeconds) continue;
    const frame = { at, rows: Array.from({ length: rows }, (_, y) => renderRow(terminal, y)) };
    if (frames.at(-1)?.rows.join() !== frame.rows.join()) frames.push(frame);
  }
  terminal.dispose();
  return frames;
}

interface Run {
  readonly from: number;
  text: string;
  readonly style: string;
}

/** Renders one row: runs of text in one style, and block characters as paths, because fonts leave gaps between them. */
function renderRow(terminal: Terminal, y: number): string {
  const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + y);
  const runs: Run[] = [];
  let blocks = '';
  for (let x = 0; x < terminal.cols; x += 1) {
    const cell = line?.getCell(x);
    const text = cell?.getChars() ?? '';
    const half = halves[text];
    if (half !== undefined)
      blocks += `M${(x * cellWidth).toFixed(1)} ${half[0] * cellHeight}h${cellWidth}v${half[1] * cellHeight}h-${cellWidth}z`;
    if (cell === undefined || text === '' || half !== undefined) continue;
    const style = formatStyle(cell);
    const last = runs.at(-1);
    if (last?.style === style && last.from + last.text.length === x) last.text += text;
    else runs.push({ from: x, text, style });
  }
  const shown = runs.filter(({ text, style }) => text.trim() !== '' || style.includes('data-inverse'));
  const texts = shown.map(({ from, text, style }) => renderText({ x: from * cellWidth, text, style }));
  return `${blocks === '' ? '' : `<path fill="${foreground}" d="${blocks}"/>`}${texts.join('')}`;
}

/** The top and the height of a block character, as fractions of the cell. */
const halves: Readonly<Record<string, readonly [from: number, height: number]>> = { '█': [0, 1], '▀': [0, 0.5], '▄': [0.5, 0.5] };

function renderText({ x, text, style }: { x: number; text: string; style: string }): string {
  const length = (text.length * cellWidth).toFixed(1);
  const rect = style.includes('data-inverse')
    ? `<rect x="${x.toFixed(1)}" width="${length}" height="${cellHeight}" fill="${foreground}"/>`
    : '';
  return `${rect}<text x="${x.toFixed(1)}" y="13" textLength="${length}"${style}>${escapeXml(text)}</text>`;
}

function formatStyle(cell: IBufferCell): string {
  const isInverse = cell.isInverse() !== 0;
  const color = isInverse ? background : findColor(cell);
  return [
    color === foreground ? '' : ` style="fill:${color}"`,
    cell.isBold() ? ' font-weight="bold"' : '',
    cell.isDim() ? ' opacity="0.65"' : '',
    isInverse ? ' data-inverse=""' : '',
  ].join('');
}

function findColor(cell: IBufferCell): string {
  if (!cell.isFgPalette()) return foreground;
  const index = cell.getFgColor();
  return (index < 8 ? palette[index] : brightPalette[index - 8]) ?? foreground;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Reads the lines of the window at the end of a recording, including those that were scrolled out. A line that is wrapped is one. */
export async function readLines({ columns, rows, events }: Cast): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  for (const [, text] of events) await new Promise<void>((resolve) => terminal.write(text, resolve));
  const { active } = terminal.buffer;
  const lines: string[] = [];
  for (let y = 0; y < active.length; y += 1) {
    const line = active.getLine(y);
    const isContinued = active.getLine(y + 1)?.isWrapped === true;
    const text = line?.translateToString(!isContinued) ?? '';
    if (line?.isWrapped === true) lines.push(`${lines.pop() ?? ''}${text}`);
    else lines.push(text);
  }
  terminal.dispose();
  return lines;
}
