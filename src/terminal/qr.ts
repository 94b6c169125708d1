import type { Paint } from './screen.js';

export interface QrOptions {
  /** The size of the window in characters; Infinity where there is none. */
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

/** Modules of a code by row, true where it is dark. */
type Modules = readonly (readonly boolean[])[];

/** Best first: ISO/IEC 18004 error correction (the library knows no M), and modules of light around the code, of which it wants 4. */
const shapes = [
  { level: 'Q', quiet: 4 },
  { level: 'L', quiet: 4 },
  { level: 'L', quiet: 2 },
] as const;

/** Bytes that the largest code holds, version 40 at level L. */
const largest = 2953;

/** A code, row by row; or why there is none, as a sentence. */
export type QrResult = { readonly rows: readonly string[] } | { readonly reason: string };

/**
 * `text` as a QR code of half-height blocks, in the best shape that the window can show whole. Light on dark whatever the
 * terminal's own colours are, where it has colours.
 */
export async function drawQr(text: string, { columns, rows, paint }: QrOptions): Promise<QrResult> {
  const tooLong = { reason: 'There is no QR code: the address is too long for one.' };
  // What no code can hold takes the library seconds to find out.
  if (Buffer.byteLength(text) > largest) return tooLong;
  let drawn: string[] | undefined;
  for (const { level, quiet } of shapes) {
    // The library throws where a level cannot hold the text.
    const modules = await modulesOf(text, level).catch(() => undefined);
    if (modules === undefined) continue;
    drawn = drawing(framed(modules, quiet));
    if (widthOf(drawn) <= columns && drawn.length <= rows) return { rows: drawn.map((row) => paint(['whiteBright', 'bgBlack'], row)) };
  }
  if (drawn === undefined) return tooLong;
  const wanted = `${widthOf(drawn)} columns${drawn.length > rows ? ` and ${drawn.length} rows` : ''}`;
  const has = drawn.length > rows ? `${columns} and ${rows}` : String(columns);
  return { reason: `There is no QR code: it takes a window of ${wanted}, and this one has ${has}.` };
}

function widthOf(drawn: readonly string[]): number {
  return drawn[0]?.length ?? 0;
}

async function modulesOf(text: string, level: 'L' | 'Q'): Promise<Modules> {
  const { default: qrcode } = await import('qrcode-terminal');
  qrcode.setErrorLevel(level);
  const small = await new Promise<string>((resolve) => qrcode.generate(text, { small: true }, resolve));
  // Each character is two modules, one over the other; around them is a frame that is too thin.
  const characters = small.split('\n').filter(Boolean).slice(1);
  const size = (characters[0]?.length ?? 2) - 2;
  return Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => {
      const character = characters[Math.floor(y / 2)]?.[x + 1];
      return character === ' ' || character === (y % 2 === 0 ? '▄' : '▀');
    }),
  );
}

function framed(modules: Modules, quiet: number): Modules {
  const side = Array.from({ length: quiet }, () => false);
  const edge = Array.from({ length: quiet }, () => Array.from({ length: modules.length + 2 * quiet }, () => false));
  return [...edge, ...modules.map((row) => [...side, ...row, ...side]), ...edge];
}

/** Filled is light: the text colour, which is light where a terminal's background is dark. */
function drawing(modules: Modules): string[] {
  const block = (upper: boolean, lower: boolean) => (upper ? (lower ? ' ' : '▄') : lower ? '▀' : '█');
  return Array.from({ length: Math.ceil(modules.length / 2) }, (_, line) =>
    (modules[line * 2] ?? []).map((upper, x) => block(upper, modules[line * 2 + 1]?.[x] ?? false)).join(''),
  );
}
