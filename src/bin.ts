#!/usr/bin/env node
/** Where the program starts: with the question that is asked most, and otherwise with all of it. */
import { writeSync } from 'node:fs';
import type { RefresherReport } from './fast-path/quick-renewal.js';
import { refresherCommand } from './machine/refresher-command.js';
import { findExpiredLogin, answerQuickly, type FastPathRequest } from './fast-path/quick.js';

const argv = process.argv.slice(2);
if (argv[0] === refresherCommand) void import('./refresher.js');
else void answer();

async function answer(): Promise<void> {
  const question = { argv, variables: process.env, now: Date.now() };
  if (isAnswered(question)) return;
  const expired = findExpiredLogin(question);
  if (expired === undefined) return runAll({ messages: [], isInterrupted: false });
  const { renewQuickly } = await import('./fast-path/quick-renewal.js');
  const heard = await renewQuickly(expired, question);
  const isToBeTold = heard.isInterrupted || heard.messages.some(({ is }) => is === 'said');
  if (isToBeTold || !isAnswered({ ...question, now: Date.now() })) await runAll(heard);
}

async function runAll(heard: RefresherReport): Promise<void> {
  const { run } = await import('./main.js');
  await run(heard);
}

function isAnswered(question: FastPathRequest): boolean {
  const text = answerQuickly(question);
  return text !== undefined && isWritten(text);
}

/** False for what the whole program has to tell, as a disk that is full. A reader who has gone is no failure. */
function isWritten(text: string): boolean {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') return code === 'EPIPE';
      // A pipe that is full, and that somebody has set not to wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return true;
}
