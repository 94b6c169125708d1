import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

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
export async function* jsonLines(input: Readable, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  const abort = () => input.destroy();
  signal.addEventListener('abort', abort);
  try {
    for await (const chunk of input) {
      const [first = '', ...others] = decoder.write(chunk as Buffer).split('\n');
      pieces.push(first);
      for (const next of others) {
        yield pieces.join('').replace(/\r$/, '');
        pieces = [next];
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  const last = pieces.join('') + decoder.end();
  if (last !== '') yield last;
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
