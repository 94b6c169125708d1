#!/usr/bin/env node
/** The entry point: the fast path for `token` and `headers`, the process that renews, and otherwise the whole program. */
import { writeSync } from 'node:fs';
import { keepCompiledCode } from './fast-path/compiled-code.js';
import { answerQuickly, findAgentQuestion, findExpiredLogin, type FastPathRequest } from './fast-path/quick.js';
import type { RefresherReport } from './fast-path/quick-renewal.js';
import { refresherCommand } from './machine/refresher-command.js';

const argv = process.argv.slice(2);
if (argv[0] === refresherCommand) void import('./refresher.js');
else void runCommandLine();

async function runCommandLine(): Promise<void> {
  const request = { argv, variables: process.env, now: Date.now() };
  if (printQuickly(request)) return;
  const expired = findExpiredLogin(request);
  if (expired === undefined) {
    const asked = findAgentQuestion(request);
    const text =
      asked && (await (await import('./fast-path/quick-agent.js')).askAgentsQuickly(asked, { ...request, platform: process.platform }));
    if (text !== undefined && writeToStdout(text)) return;
    return runWholeProgram({ messages: [], isInterrupted: false });
  }
  const { renewQuickly } = await import('./fast-path/quick-renewal.js');
  const report = await renewQuickly(expired, request);
  const needsReport = report.isInterrupted || report.messages.some(({ is }) => is === 'said');
  if (needsReport || !printQuickly({ ...request, now: Date.now() })) await runWholeProgram(report);
}

async function runWholeProgram(report: RefresherReport): Promise<void> {
  keepCompiledCode({ variables: process.env, platform: process.platform });
  const { run } = await import('./main.js');
  await run(report);
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
