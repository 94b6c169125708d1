/** The name of a session, and the short code. */
import { expect, test } from 'vitest';
import { createSealKeys } from '../../src/relay-protocol/seal.js';
import { createSessionId, hashText, isSessionId, readSessionId } from '../../src/relay-protocol/session-id.js';
import { createShortCode, formatShortCode, hashShortCode, normaliseShortCode } from '../../src/relay-protocol/short-code.js';

test('a name is of one key and one secret', async () => {
  const [{ publicKey }, { publicKey: other }] = [await createSealKeys(), await createSealKeys()];
  const [secretHash, otherHash] = [await hashText('one'), await hashText('two')];
  const id = await createSessionId({ publicKey, secretHash });
  expect(isSessionId(id)).toBe(true);
  expect(await createSessionId({ publicKey, secretHash })).toBe(id);
  expect(await createSessionId({ publicKey: other, secretHash })).not.toBe(id);
  expect(await createSessionId({ publicKey, secretHash: otherHash })).not.toBe(id);
  expect(readSessionId(`${id}.random.more`)).toBe(id);
});

test.each(['', 'a'.repeat(21), 'a'.repeat(23), `${'a'.repeat(21)}/`, `${'a'.repeat(21)}é`, '../../../etc/passwd/aa'])(
  '“%s” is no name',
  (text) => {
    expect(isSessionId(text)).toBe(false);
  },
);

test('a code has six letters that no word is made of, each as likely', () => {
  const count = new Map<string, number>();
  for (let at = 0; at < 4000; at += 1) for (const letter of createShortCode()) count.set(letter, (count.get(letter) ?? 0) + 1);
  expect([...count.keys()].sort().join('')).toBe('BCDFGHJKLMNPQRSTVWXZ');
  // 1,200 of each are expected; six standard deviations are about 200.
  for (const times of count.values()) expect(Math.abs(times - 1200)).toBeLessThan(210);
});

test('a code is read as people type it', async () => {
  const code = createShortCode();
  expect(formatShortCode('BCDFGH')).toBe('BCD-FGH');
  for (const typed of [formatShortCode(code), code.toLowerCase(), ` ${code.slice(0, 2)} ${code.slice(2)}\n`])
    expect(normaliseShortCode(typed)).toBe(code);
  expect(await hashShortCode(code, 'one')).not.toBe(await hashShortCode(code, 'two'));
});
