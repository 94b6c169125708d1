/** Keys and pastes from a terminal. The whole program is tested in tmux, in test/e2e. */
import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/effects.js';
import { systemClock } from '../../src/machine/clock.js';
import { Keyboard } from '../../src/terminal/keyboard.js';
import { Screen } from '../../src/terminal/screen.js';

/** A keyboard at a terminal whose pauses pass when a test says so. */
function typing() {
  const stdin = Object.assign(new PassThrough(), { setRawMode: () => undefined }) as unknown as NodeJS.ReadStream & PassThrough;
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream;
  const pauses: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        pauses.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  const env = { variables: {}, platform: 'linux' as const, folder: '/', program: [], exists: () => false };
  const keyboard = new Keyboard({ stdin, screen: new Screen({ stderr, env, clock }), clock, raise: () => undefined });
  return {
    keyboard,
    type: async (text: string) => {
      stdin.write(text);
      await nextTurn();
    },
    pass: async () => {
      for (const end of pauses.splice(0)) end();
      await nextTurn();
    },
  };
}

test('a paste ends with the pause after a line end, and more input in that pause continues it', async () => {
  const { keyboard, type, pass } = typing();
  const pasted = keyboard.paste({ message: 'Paste:' });
  await type('one\n');
  await type('two');
  await pass();
  await type('\n');
  await pass();
  expect(await pasted).toBe('one\ntwo\n');
});

test('a bound key acts until something has been typed', async () => {
  const { keyboard, type, pass } = typing();
  let presses = 0;
  keyboard.bindKeys([{ key: 'c', help: 'copy', press: () => (presses += 1) }]);
  const pasted = keyboard.paste({ message: 'Paste:' });
  await type('c');
  expect(presses).toBe(1);
  await type('a');
  await type('c');
  await type('\r');
  await pass();
  expect([await pasted, presses]).toEqual(['ac\n', 1]);
});
