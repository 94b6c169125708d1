/** QR codes of text. The modules come from the encoder of qrcode-terminal; its drawing has too thin a margin to be scanned reliably. */
import type { Paint } from './screen.js';

export interface QrOptions {
  /** The size of the window in characters; Infinity if there is no window. */
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

/** Modules of a code by row, true where the code is dark. */
type Modules = readonly (readonly boolean[])[];

/** Best first: error correction level, and modules of light margin around the code, of which ISO/IEC 18004 requires 4. */
const variants = [
  { level: 'Q', margin: 4 },
  { level: 'L', margin: 4 },
  { level: 'L', margin: 2 },
] as const;

/** The capacity of the largest code (version 40, level L). */
const maxBytes = 2953;

/** The rows of a code, or the reason why there is none, as a sentence. */
export type QrResult = { readonly rows: readonly string[] } | { readonly reason: string };

/**
 * Draws `text` as a QR code of half-height blocks, in the best variant that fits in the window. It is light on dark, whatever
 * the colors of the terminal are, if colors are wanted.
 */
export async function drawQr(text: string, { columns, rows, paint }: QrOptions): Promise<QrResult> {
  const tooLong = { reason: 'There is no QR code: the address is too long for one.' };
  // The encoder takes seconds to find out that no version holds the text.
  if (Buffer.byteLength(text) > maxBytes) return tooLong;
  let drawing: string[] | undefined;
  for (const { level, margin } of variants) {
    const modules = await encode(text, level);
    if (modules === undefined) continue;
    drawing = draw(addMargin(modules, margin));
    if (getWidth(drawing) <= columns && drawing.length <= rows)
      return { rows: drawing.map((row) => paint(['whiteBright', 'bgBlack'], row)) };
  }
  if (drawing === undefined) return tooLong;
  const isTooHigh = drawing.length > rows;
  const required = `${getWidth(drawing)} columns${isTooHigh ? ` and ${drawing.length} rows` : ''}`;
  const actual = isTooHigh ? `${columns} and ${rows}` : String(columns);
  return { reason: `There is no QR code: it requires a window of ${required}, and this one has ${actual}.` };
}

function getWidth(drawing: readonly string[]): number {
  return drawing[0]?.length ?? 0;
}

/** Undefined if no version holds the text at this level. */
async function encode(text: string, level: 'L' | 'Q'): Promise<Modules | undefined> {
  const { default: QRCode } = await import('qrcode-terminal/vendor/QRCode/index.js');
  const { default: levels } = await import('qrcode-terminal/vendor/QRCode/QRErrorCorrectLevel.js');
  const code = new QRCode(-1, levels[level]);
  code.addData(text);
  try {
    code.make();
  } catch {
    return undefined;
  }
  return code.modules;
}

function addMargin(modules: Modules, margin: number): Modules {
  const side = Array.from({ length: margin }, () => false);
  const edge = Array.from({ length: margin }, () => Array.from({ length: modules.length + 2 * margin }, () => false));
  return [...edge, ...modules.map((row) => [...side, ...row, ...side]), ...edge];
}

/** A filled block is light, in the text color, since most terminals have a dark background. */
function draw(modules: Modules): string[] {
  const block = (upper: boolean, lower: boolean) => (upper ? (lower ? ' ' : '▄') : lower ? '▀' : '█');
  return Array.from({ length: Math.ceil(modules.length / 2) }, (_, line) =>
    (modules[line * 2] ?? []).map((upper, x) => block(upper, modules[line * 2 + 1]?.[x] ?? false)).join(''),
  );
}
