#!/usr/bin/env node
/** Where the program starts: with the question that is asked most, and otherwise with all of it. */
import { writeSync } from 'node:fs';
import { quickAnswer } from './quick.js';

const answer = quickAnswer({ argv: process.argv.slice(2), variables: process.env, now: Date.now() });
if (answer === undefined || !isWritten(answer)) void import('./main.js');

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
