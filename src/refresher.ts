/**
 * The process that renews tokens for another process, which may be killed in the meantime. Its parent sends a request, is
 * sent messages as long as it runs, and need not wait: this process ends by itself.
 */
import process from 'node:process';
import { createInterruptedError } from './errors.js';
import { handleRenewalRequest, createMessageSender } from './session/handle-renewal-request.js';
import type { RenewalRequest } from './session/refresher-messages.js';
import { trackRenewals } from './session/renewals-in-flight.js';
import { createCallbackUi } from './callback-ui.js';
import { createUnattendedContext } from './library/without-terminal.js';

/**
 * Milliseconds after which it starts no more renewals: it may have to wait for another process that renews, and for several
 * requests. Responses that are on their way by then are still stored.
 */
const maxLifetime = 300_000;

type DebuggedRequest = RenewalRequest & { readonly debug?: boolean };

const send = (message: unknown) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

// Signals are ignored: it ends soon, and a response must not be lost.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const stop = new AbortController();
const end = () => stop.abort(createInterruptedError());
setTimeout(end, maxLifetime).unref();
const exitWithoutRequest = () => process.exit(0);
process.once('disconnect', exitWithoutRequest);
process.once('message', (request: DebuggedRequest) => {
  process.off('disconnect', exitWithoutRequest);
  process.on('message', end);
  void renew(request);
});

async function renew(request: DebuggedRequest): Promise<void> {
  const { warn, fail, remark } = createMessageSender(send);
  const ui = createCallbackUi({ onWarning: warn, onFailure: fail, onRemark: remark });
  const { context, settled } = trackRenewals(
    createUnattendedContext({ store: request.store, signal: stop.signal, ui, debug: request.debug }),
  );
  // If one renewal fails, even by a bug of ours, the others still finish.
  await handleRenewalRequest(request, { context, send }).catch(end);
  await settled();
  // Every message has to be sent before the process ends.
  await new Promise<void>((resolve) => {
    if (process.connected && process.send) process.send({ is: 'last' }, undefined, undefined, () => resolve());
    else resolve();
  });
  process.exit(0);
}
