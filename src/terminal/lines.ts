import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Lines } from '../context.js';
import { octetEncoding, type Octets } from '../octets.js';

/** Lines of a pipe or a file, of any length. */
export interface LineReader {
  /** The next line, or undefined at the end. Rejects with the signal's reason when that aborts first. */
  next(signal?: AbortSignal): Promise<string | undefined>;
  /** All lines that have come, at least one, as one text; otherwise as `next`. */
  all(signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

/**
 * The lines of a stream as JSON-RPC has them: a line feed ends one, and nothing else does. Node's readline takes U+2028 for
 * an end too, from version 22 on, which JSON may hold in any string.
 */
export async function* jsonLines(input: Readable, signal: AbortSignal): AsyncGenerator<Octets> {
  let pieces: string[] = [];
  const abort = () => input.destroy();
  signal.addEventListener('abort', abort);
  try {
    for await (const chunk of input.setEncoding(octetEncoding) as AsyncIterable<string>) {
      const [first = '', ...others] = chunk.split('\n');
      pieces.push(first);
      for (const next of others) {
        yield lineOf(pieces);
        pieces = [next];
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  const last = lineOf(pieces);
  if (last !== '') yield last;
}

function lineOf(pieces: readonly string[]): Octets {
  return pieces.join('').replace(/\r$/, '') as Octets;
}

/** Writes lines to a program that may be slow to read them: all that come in one turn of the event loop with one write. */
export function lineWriter(output: Writable): Lines['write'] {
  let gathering = false;
  return (line) => {
    if (!gathering) {
      gathering = true;
      output.cork();
      setImmediate(() => {
        gathering = false;
        output.uncork();
      });
    }
    output.write(line, octetEncoding);
    if (!output.writableNeedDrain) {
      output.write('\n', octetEncoding);
      return undefined;
    }
    // Until this line has gone, and not, as `drain` has it, all of them: while others keep coming that may be never.
    return new Promise((resolve) => output.write('\n', octetEncoding, () => resolve()));
  };
}

export function readLines(input: Readable): LineReader {
  const reader = createInterface({ input, terminal: false, crlfDelay: Infinity });
  const lines: string[] = [];
  let ended = false;
  let wake: (() => void) | undefined;
  reader.on('line', (line) => (lines.push(line), wake?.()));
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
