/** Messages of one line each, from and to another program. */
import { finished, type Readable, type Writable } from 'node:stream';
import type { BinaryString, Lines } from '../effects.js';
import { binaryEncoding } from './binary-string.js';

interface LineOptions {
  readonly signal: AbortSignal;
  readonly take: (line: BinaryString) => unknown;
  /** A longer line destroys the stream. */
  readonly maxOctets?: number;
}

/**
 * Calls `take` with each line of a stream until its end, or until the signal is aborted. Only a line feed ends a line, as in MCP's
 * stdio transport. Node's readline also splits at U+2028 as of version 22, which is valid inside a JSON string.
 */
export function forEachLine(input: Readable, { signal, take, maxOctets = Infinity }: LineOptions): Promise<void> {
  let pieces: string[] = [];
  let size = 0;
  const read = (chunk: string) => {
    const [first = '', ...others] = chunk.split('\n');
    pieces.push(first);
    size = others.length === 0 ? size + chunk.length : (others.at(-1)?.length ?? 0);
    if (size > maxOctets) input.destroy(new Error('A line is too long.'));
    for (const next of others) {
      take(joinLine(pieces));
      pieces = [next];
    }
  };
  const abort = () => input.destroy();
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', abort, { once: true });
    input.setEncoding(binaryEncoding).on('data', read);
    finished(input, { writable: false }, (error) => {
      if (error && !signal.aborted) return reject(error);
      const last = joinLine(pieces);
      if (last !== '' && !signal.aborted) take(last);
      resolve();
    });
  }).finally(() => signal.removeEventListener('abort', abort));
}

function joinLine(pieces: readonly string[]): BinaryString {
  const line = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('');
  return (line.endsWith('\r') ? line.slice(0, -1) : line) as BinaryString;
}

/**
 * Writes lines to a program that may read them slowly. While it does, `write` returns a promise that resolves when this line has
 * been flushed. `drain` may never fire while other lines keep arriving.
 */
export function createLineWriter(output: Writable): Lines['write'] {
  return (line) => {
    const text = `${line}\n`;
    if (output.writableNeedDrain) return new Promise((resolve) => output.write(text, binaryEncoding, () => resolve()));
    output.write(text, binaryEncoding);
    return undefined;
  };
}
