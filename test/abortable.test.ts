import { expect, test } from 'vitest';
import { abortable } from '../src/abortable.js';

/** Counts the clean-ups, and the listeners that are left on the signal. */
function setUp() {
  const controller = new AbortController();
  const seen = { started: 0, cleanedUp: 0, listeners: 0 };
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...of: Parameters<typeof add>) => {
    seen.listeners += 1;
    add(...of);
  };
  signal.removeEventListener = (...of: Parameters<typeof remove>) => {
    seen.listeners -= 1;
    remove(...of);
  };
  const cleanUp = () => {
    seen.cleanedUp += 1;
  };
  return { controller, signal, seen, cleanUp };
}

test.each(['resolve', 'reject', 'abort'] as const)('%s settles it, then cleans up once', async (how) => {
  const { controller, signal, seen, cleanUp } = setUp();
  const reason = new Error(how);
  const promise = abortable<string>(signal, (resolve, reject) => {
    seen.started += 1;
    if (how === 'resolve') resolve('value');
    if (how === 'reject') reject(reason);
    return cleanUp;
  });
  if (how === 'abort') controller.abort(reason);
  if (how === 'resolve') await expect(promise).resolves.toBe('value');
  else await expect(promise).rejects.toBe(reason);
  expect(seen).toEqual({ started: 1, cleanedUp: 1, listeners: 0 });
});

test('a signal that has aborted already rejects, and nothing is started', async () => {
  const { controller, signal, seen, cleanUp } = setUp();
  const reason = new Error('before');
  controller.abort(reason);
  const promise = abortable(signal, () => {
    seen.started += 1;
    return cleanUp;
  });
  await expect(promise).rejects.toBe(reason);
  expect(seen).toEqual({ started: 0, cleanedUp: 0, listeners: 0 });
});

test('an error that `start` throws rejects, and the listener is removed', async () => {
  const { signal, seen } = setUp();
  const error = new Error('thrown');
  await expect(
    abortable(signal, () => {
      throw error;
    }),
  ).rejects.toBe(error);
  expect(seen.listeners).toBe(0);
});

test('works without a signal', async () => {
  const promise = abortable<number>(undefined, (resolve) => {
    resolve(1);
    return undefined;
  });
  await expect(promise).resolves.toBe(1);
});
