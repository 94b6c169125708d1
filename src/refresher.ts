/**
 * The process that renews tokens for its parent process, which may be killed in the meantime. It receives a request, reports to
 * the parent as long as that is running, and exits by itself.
 */
import process from 'node:process';
import { createInterruptedError } from './errors.js';
import { handleRenewalRequest, createMessageSender } from './session/handle-renewal-request.js';
import type { RenewalRequest } from './session/refresher-messages.js';
import type { Store } from './store/store.js';
import { createCallbackUi, createUnattendedContext } from './library/without-terminal.js';

/**
 * Milliseconds after which it starts no new request: it may have waited for another process, and for a server several times.
 * Requests that were sent before are awaited, and their responses stored.
 */
const maxLifetime = 300_000;

type DebuggedRequest = RenewalRequest & { readonly debug?: boolean };

const send = (message: unknown) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

// Signals are ignored: a renewal is short, and interrupting it could lose a token.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const stop = new AbortController();
const end = () => stop.abort(createInterruptedError());
setTimeout(end, maxLifetime).unref();
const withoutRequest = () => process.exit(0);
process.once('disconnect', withoutRequest);
process.once('message', (request: DebuggedRequest) => {
  process.off('disconnect', withoutRequest);
  process.on('message', end);
  void renew(request);
});

async function renew(request: DebuggedRequest): Promise<void> {
  const { warn, fail, remark } = createMessageSender(send);
  const ui = createCallbackUi({ onWarning: warn, onFailure: fail, onRemark: remark });
  const context = createUnattendedContext({ store: request.store, signal: stop.signal, ui, debug: request.debug });
  const running: Promise<unknown>[] = [];
  const withServerLock: Store['withServerLock'] = (...of) => {
    const work = context.store.withServerLock(...of);
    running.push(work);
    return work;
  };
  // If one renewal fails unexpectedly, the others still finish.
  await handleRenewalRequest(request, { context: { ...context, store: { ...context.store, withServerLock } }, send }).catch(end);
  await Promise.allSettled(running);
  // Deliver all messages before the process exits.
  await new Promise<void>((resolve) => {
    if (process.connected && process.send) process.send({ is: 'last' }, undefined, undefined, () => resolve());
    else resolve();
  });
  process.exit(0);
}
