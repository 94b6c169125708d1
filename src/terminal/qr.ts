import type { Paint } from './screen.js';

/**
 * `text` as a QR code of half-height blocks, or one line that says why there is none. Black on white whatever the
 * terminal's own colours are, where it has colours.
 */
export async function qrLines(text: string, { columns, paint }: { columns: number; paint: Paint }): Promise<string[]> {
  const { default: qrcode } = await import('qrcode-terminal');
  const drawing = await new Promise<string>((resolve) => qrcode.generate(text, { small: true }, resolve));
  const rows = drawing.split('\n').filter((row) => row !== '');
  const width = rows[0]?.length ?? 0;
  if (width > columns) return [paint('dim', `(A QR code of this takes a window ${width} columns wide; this one has ${columns}.)`), ''];
  return [...rows.map((row) => paint(['whiteBright', 'bgBlack'], row)), ''];
}
