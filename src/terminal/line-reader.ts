import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { stripByteOrderMark } from '../text/file-text.js';

/** Lines of a pipe or a file, of any length. */
export interface LineReader {
  /** The next line, or undefined at the end. Rejects with the signal's reason when that aborts first. */
  next(signal?: AbortSignal): Promise<string | undefined>;
  /** All lines that have come, at least one, as one text; otherwise as `next`. */
  all(signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

/** Lines from a pipe or a file, of any length, each handed over when it is asked for. A byte order mark is no part of the first. */
export function createLineReader(input: Readable): LineReader {
  const reader = createInterface({ input, terminal: false, crlfDelay: Infinity });
  const lines: string[] = [];
  let isFirst = true;
  let ended = false;
  let wake: (() => void) | undefined;
  reader.on('line', (line) => {
    lines.push(isFirst ? stripByteOrderMark(line) : line);
    isFirst = false;
    wake?.();
  });
  reader.on('close', () => ((ended = true), wake?.()));

  return {
    next: async (signal) => {
      await some(signal);
      return lines.shift();
    },
    all: async (signal) => {
      await some(signal);
      return lines.length === 0 ? undefined : lines.splice(0).join('\n');
    },
    close: () => reader.close(),
  };

  async function some(signal: AbortSignal | undefined): Promise<void> {
    while (lines.length === 0 && !ended) await something(signal);
  }

  async function something(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    let abort!: () => void;
    await new Promise<void>((resolve, reject) => {
      wake = resolve;
      abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort);
    }).finally(() => signal?.removeEventListener('abort', abort));
  }
}
