/** The context of a command. */
import { expect, test } from 'vitest';
import type { Ui } from '../../src/effects.js';
import { systemClock } from '../../src/machine/clock.js';
import { createContext } from '../../src/machine/create-context.js';
import { temporaryStore } from '../helpers/folder.js';

test.each([
  { ends: 'with a result', work: () => Promise.resolve() },
  { ends: 'with an error', work: () => Promise.reject(new Error('no')) },
])('the process is kept alive during work that must not be interrupted, until it ends $ends', async ({ work }) => {
  const seen: string[] = [];
  const interrupt = new AbortController();
  const context = createContext({
    env: { variables: {}, platform: 'linux', folder: '/', program: [], exists: () => false },
    clock: systemClock,
    ui: {} as Ui,
    signal: interrupt.signal,
    store: temporaryStore(),
    runProgram: () => Promise.resolve(0),
    hold: () => {
      seen.push('held');
      return () => void seen.push('released');
    },
  });
  const running = context.uninterrupted(async ({ signal, uninterrupted }) => {
    interrupt.abort();
    seen.push(`interrupted: ${signal.aborted}`);
    // Within such work, more of it is not held again.
    await uninterrupted(work);
  });
  await running.catch(() => undefined);
  expect(seen).toEqual(['held', 'interrupted: false', 'released']);
});
