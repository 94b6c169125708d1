import { describe, expect, test } from 'vitest';
import { drawQr, type QrOptions } from '../../src/terminal/qr.js';
import { scan } from '../helpers/scan.js';

const plain = (_: unknown, text: string) => text;
async function drawn(text: string, size: Omit<QrOptions, 'paint'>): Promise<string[]> {
  const code = await drawQr(text, { ...size, paint: plain });
  if ('reason' in code) throw new Error(code.reason);
  return [...code.rows];
}

test.each(['https://auth.example/device?user_code=WDJB-MJHT', `https://auth.example/authorize?${'state=abcdefgh&'.repeat(25)}`])(
  '%s can be scanned',
  async (url) => {
    const lines = await drawn(url, { columns: 200, rows: 80 });
    const cells = lines.map((line) => Array.from(line, (text) => ({ text, lightText: true, lightBackground: false })));
    expect(scan(cells, { inverted: false })).toBe(url);
  },
);

test('in a window that is too narrow, a sentence says the required width', async () => {
  const code = await drawQr('https://auth.example/device', { columns: 20, rows: 80, paint: plain });
  expect(code).toEqual({ reason: expect.stringMatching(/requires a window of 29 columns, and this one has 20/) as string });
});

describe('the best variant that fits in the window', () => {
  const url = `https://auth.example/authorize?${'state=abcdefgh&'.repeat(25)}`;
  test.each([
    { what: 'wide: more correction, and the margin that the standard requires', columns: 200, rows: 80, width: 101 },
    { what: 'narrower: less correction', columns: 100, rows: 80, width: 77 },
    { what: 'just wide enough: a smaller margin', columns: 76, rows: 80, width: 73 },
  ])('$what', async ({ width, ...size }) => {
    expect((await drawn(url, size))[0]).toHaveLength(width);
  });

  test('a window that is not high enough', async () => {
    const code = await drawQr(url, { columns: 80, rows: 24, paint: plain });
    expect(code).toEqual({
      reason: expect.stringMatching(/requires a window of 73 columns and 37 rows, and this one has 80 and 24/) as string,
    });
  });
});

test.each([1700, 2900])('an address of %d bytes has a code in a window that is large enough', async (length) => {
  const url = 'https://auth.example/authorize?'.padEnd(length, 'x');
  expect((await drawn(url, { columns: 300, rows: 300 })).length).toBeGreaterThan(60);
});

test('for an address that no code can hold, a sentence says so', async () => {
  expect(await drawQr('x'.repeat(3000), { columns: 300, rows: 300, paint: plain })).toEqual({
    reason: expect.stringContaining('too long for one') as string,
  });
});
