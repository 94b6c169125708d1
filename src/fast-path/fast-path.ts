/** `token` and `headers` without the whole program: from the store, with a renewal, or from an agent. */
import { writeSync } from 'node:fs';
import type { RefresherReport } from './quick-renewal.js';
import { answerQuickly, findAgentQuestion, findExpiredLogin, type FastPathRequest } from './quick.js';

type CommandLine = Omit<FastPathRequest, 'now'> & { readonly platform: NodeJS.Platform };

/** Resolves to undefined if the command is done; otherwise to what the whole program has to know when it runs. */
export async function takeFastPath(line: CommandLine): Promise<RefresherReport | undefined> {
  const request = { ...line, now: Date.now() };
  if (printQuickly(request)) return undefined;
  const expired = findExpiredLogin(request);
  if (expired === undefined) {
    const asked = findAgentQuestion(request);
    const text = asked && (await (await import('./quick-agent.js')).askAgentsQuickly(asked, line));
    return text !== undefined && writeToStdout(text) ? undefined : { messages: [], isInterrupted: false };
  }
  const { renewQuickly } = await import('./quick-renewal.js');
  const report = await renewQuickly(expired, request);
  const needsReport = report.isInterrupted || report.messages.some(({ is }) => is === 'said');
  return needsReport || !printQuickly({ ...request, now: Date.now() }) ? report : undefined;
}

/** False if the whole program has to run. */
function printQuickly(request: FastPathRequest): boolean {
  const text = answerQuickly(request);
  return text !== undefined && writeToStdout(text);
}

/** False for an error that the whole program reports, as a full disk. A reader that has gone (EPIPE) is not an error. */
function writeToStdout(text: string): boolean {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') return code === 'EPIPE';
      // A full pipe in non-blocking mode: wait 5 ms.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return true;
}
