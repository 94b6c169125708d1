import jsqr from 'jsqr';
import { expect, test } from 'vitest';
import { drawQr, type QrOptions } from '../../src/terminal/qr.js';

const plain = (_: unknown, text: string) => text;
/** The types say that the decoder is below `default`; it is the import itself. */
const decode = jsqr as unknown as typeof jsqr.default;
/** Pixels a module of the code is wide and high in the picture. */
const scale = 4;

/** What a phone reads off the lines: each character is two modules, one over the other, light where it is filled. */
function scan(lines: string[]): string | undefined {
  const rows = lines.filter((line) => /[█▀▄]/.test(line));
  const width = (rows[0]?.length ?? 0) * scale;
  const height = rows.length * 2 * scale;
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const character = rows[Math.floor(y / scale / 2)]?.[Math.floor(x / scale)] ?? ' ';
      const upper = Math.floor(y / scale) % 2 === 0;
      const light = character === '█' || character === (upper ? '▀' : '▄');
      if (!light) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return decode(pixels, width, height)?.data;
}

async function drawn(text: string, size: Omit<QrOptions, 'paint'>): Promise<string[]> {
  const code = await drawQr(text, { ...size, paint: plain });
  if ('reason' in code) throw new Error(code.reason);
  return [...code.rows];
}

test.each(['https://auth.example/device?user_code=WDJB-MJHT', `https://auth.example/authorize?${'state=abcdefgh&'.repeat(25)}`])(
  '%s can be scanned',
  async (url) => {
    expect(scan(await drawn(url, { columns: 200, rows: 80 }))).toBe(url);
  },
);

test('a code that the window is too narrow for is a sentence that says the width it takes', async () => {
  const code = await drawQr('https://auth.example/device', { columns: 20, rows: 80, paint: plain });
  expect(code).toEqual({ reason: expect.stringMatching(/takes a window of 29 columns, and this one has 20/) as string });
});
