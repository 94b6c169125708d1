/**
 * The process that renews tokens for another one, which may be killed meanwhile. It is told what to do by its parent, says what
 * has become of it as long as the parent is there, and ends by itself.
 */
import process from 'node:process';
import { answerRequest, sayTo } from './session/answer-request.js';
import type { RenewalRequest } from './session/refresher-messages.js';
import { openContext, withoutTerminal } from './without-terminal.js';

/**
 * Milliseconds that it lives at most: it may wait for another process that renews, and for a server several times. What has come
 * from the server by then is on disk.
 */
const longestLife = 300_000;

type DebuggedRequest = RenewalRequest & { readonly debug?: boolean };

const send = (message: unknown) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

// It is as brief as it can be: who wants it to end can wait for that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
setTimeout(() => process.exit(1), longestLife).unref();
const withoutRequest = () => process.exit(0);
process.once('disconnect', withoutRequest);
process.once('message', (request: DebuggedRequest) => {
  process.off('disconnect', withoutRequest);
  void renew(request);
});

async function renew(request: DebuggedRequest): Promise<void> {
  const { warn, fail, remark } = sayTo(send);
  const ui = withoutTerminal({ onWarning: warn, onFailure: fail, onRemark: remark });
  const context = openContext({ store: request.store, ui, debug: request.debug });
  await answerRequest(request, { context, send });
  // What was said goes over before the end.
  await new Promise<void>((resolve) => {
    if (process.connected && process.send) process.send({ is: 'last' }, undefined, undefined, () => resolve());
    else resolve();
  });
  process.exit(0);
}
