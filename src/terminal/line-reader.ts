/** Lines of a pipe or a file, of any length. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { abortable } from '../abortable.js';
import { stripByteOrderMark } from '../text/file-text.js';

export interface LineReader {
  /** The next line, or undefined at the end. Rejects with the signal's reason if it is aborted first. */
  next(signal?: AbortSignal): Promise<string | undefined>;
  /** All lines that have arrived, at least one, as one text. Undefined at the end. Rejects like `next`. */
  all(signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

/** Reads lines and keeps them until they are asked for. A byte order mark is removed from the first. */
export function createLineReader(input: Readable): LineReader {
  const reader = createInterface({ input, terminal: false, crlfDelay: Infinity });
  const lines: string[] = [];
  let isFirst = true;
  let hasEnded = false;
  let wake: (() => void) | undefined;
  reader.on('line', (line) => {
    lines.push(isFirst ? stripByteOrderMark(line) : line);
    isFirst = false;
    wake?.();
  });
  reader.on('close', () => {
    hasEnded = true;
    wake?.();
  });

  const waitForLine = async (signal: AbortSignal | undefined): Promise<void> => {
    while (lines.length === 0 && !hasEnded) {
      await abortable<undefined>(signal, (resolve) => {
        wake = () => resolve(undefined);
        return undefined;
      });
    }
  };

  return {
    next: async (signal) => {
      await waitForLine(signal);
      return lines.shift();
    },
    all: async (signal) => {
      await waitForLine(signal);
      return lines.length === 0 ? undefined : lines.splice(0).join('\n');
    },
    close: () => reader.close(),
  };
}
