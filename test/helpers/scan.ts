/** Scans a QR code from a terminal window, as a phone does. */
import jsqr from 'jsqr';

/** The types say that the decoder is below `default`; it is the import itself. */
const decode = jsqr as unknown as typeof jsqr.default;
/** Width and height of a module of the code in the picture, in pixels. */
const scale = 4;

/** One character of the window, and whether its text and its background are light. */
export interface Cell {
  readonly text: string;
  readonly lightText: boolean;
  readonly lightBackground: boolean;
}

/** The picture of some rows, each character two modules high. Undefined if it has no QR code. */
export function scan(rows: readonly (readonly Cell[])[], { inverted }: { inverted: boolean }): string | undefined {
  const width = Math.max(...rows.map((row) => row.length)) * scale;
  const height = rows.length * 2 * scale;
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const cell = rows[Math.floor(y / scale / 2)]?.[Math.floor(x / scale)];
      const upper = Math.floor(y / scale) % 2 === 0;
      const filled = cell?.text === '█' || cell?.text === (upper ? '▀' : '▄');
      const light = cell === undefined || (filled ? cell.lightText : cell.lightBackground);
      if (!light) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return decode(pixels, width, height, { inversionAttempts: inverted ? 'attemptBoth' : 'dontInvert' })?.data;
}
