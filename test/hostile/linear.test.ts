/**
 * No text of a server, a file, a person or an argument takes work that grows faster than its length: each function that reads
 * such a text, with the inputs that are worst for it.
 */
import { describe, expect, test } from 'vitest';
import { expressions, flat, worstOf } from './expressions.js';
import { growth, linear } from './growth.js';
import { rows } from './linear/texts.js';
import { many } from './linear/many.js';

const inputs = rows.map((row) => {
  const { before = [''], after = [''] } = row;
  return { ...row, shapes: before.flatMap((start) => row.pieces.flatMap((piece) => after.map((end) => ({ start, piece, end })))) };
});

// A measurement may be disturbed as a whole, by a collection of garbage or by what else runs. Quadratic work fails each time.
const measured = { retry: 3 };

describe('work that grows as the length of a text does', measured, () => {
  test.each(inputs)(
    '$what',
    async ({ shapes, work }) => {
      for (const { start, piece, end } of shapes) {
        const make = (size: number) => flat(start + piece.repeat(Math.ceil(size / piece.length)) + end);
        const ratio = await growth(make, work);
        expect(ratio, `${JSON.stringify(start.trim())} and many of ${JSON.stringify(piece)} and ${JSON.stringify(end)}`).toBeLessThan(
          linear,
        );
      }
    },
    300_000,
  );

  test.each(many)('$what', async ({ of, work }) => {
    expect(await growth(of, work as (input: unknown) => unknown)).toBeLessThan(linear);
  });
});

describe('every regular expression of src', measured, () => {
  test.each(expressions())('$place $expression', async ({ expression }) => {
    expect(await worstOf(expression)).toBeUndefined();
  });
});
