/**
 * A promise that a signal ends. `start` settles it through `resolve` and `reject`, and returns what cleans up, if anything,
 * once the promise has settled, however it did.
 *
 * @throws the signal's reason, if the signal aborts first. `start` is not called when it has aborted already.
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => (() => void) | undefined,
): Promise<T> {
  signal?.throwIfAborted();
  let abort = (): void => undefined;
  let cleanUp: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort);
      cleanUp = start(resolve, reject);
    });
  } finally {
    signal?.removeEventListener('abort', abort);
    cleanUp?.();
  }
}
