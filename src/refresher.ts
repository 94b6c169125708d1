/**
 * The process that renews tokens for another one, which may be killed meanwhile. It is told what to do by its parent, says what
 * has become of it as long as the parent is there, and ends by itself.
 */
import process from 'node:process';
import { createInterruptedError } from './errors.js';
import { handleRenewalRequest, createMessageSender } from './session/handle-renewal-request.js';
import type { RenewalRequest } from './session/refresher-messages.js';
import type { Store } from './store/store.js';
import { createContext, createCallbackUi } from './library/without-terminal.js';

/**
 * Milliseconds after which it begins nothing more: it may wait for another process that renews, and for a server several times.
 * What is on its way to a server by then is waited for, and stored.
 */
const longestLife = 300_000;

type DebuggedRequest = RenewalRequest & { readonly debug?: boolean };

const send = (message: unknown) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

// It is as brief as it can be: who wants it to end can wait for that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const stop = new AbortController();
const end = () => stop.abort(createInterruptedError());
setTimeout(end, longestLife).unref();
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
  const context = createContext({ store: request.store, signal: stop.signal, ui, debug: request.debug });
  const underWay: Promise<unknown>[] = [];
  const withServerLock: Store['withServerLock'] = (...of) => {
    const working = context.store.withServerLock(...of);
    underWay.push(working);
    return working;
  };
  // What ends one of them, a mistake of ours too, lets the others end in order.
  await handleRenewalRequest(request, { context: { ...context, store: { ...context.store, withServerLock } }, send }).catch(end);
  await Promise.allSettled(underWay);
  // What was said goes over before the end.
  await new Promise<void>((resolve) => {
    if (process.connected && process.send) process.send({ is: 'last' }, undefined, undefined, () => resolve());
    else resolve();
  });
  process.exit(0);
}
