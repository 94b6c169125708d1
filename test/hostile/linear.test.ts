/**
 * The time to process a text of a server, a file, the user or an argument grows linearly: each function that reads such a
 * text, with its worst inputs.
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

// A garbage collection or another process may disturb a whole measurement. Quadratic work fails each time.
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
