/** Messages of one line each, from and to another program. */
import { finished, type Readable, type Writable } from 'node:stream';
import type { BinaryString, Lines } from '../effects.js';
import { binaryEncoding, joinOctets } from './binary-string.js';

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
  /** The beginning of a line whose end has not arrived. */
  const pieces: Buffer[] = [];
  let size = 0;
  const takeLine = (end: Buffer) => {
    const line = joinLine(pieces, end);
    pieces.length = 0;
    size = 0;
    take(line);
  };
  const read = (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      takeLine(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    pieces.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > maxOctets) input.destroy(new Error('A line is too long.'));
  };
  const abort = () => input.destroy();
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', abort, { once: true });
    input.on('data', read);
    finished(input, { writable: false }, (error) => {
      if (error && !signal.aborted) return reject(error);
      const last = joinLine(pieces, Buffer.of());
      if (last !== '' && !signal.aborted) take(last);
      resolve();
    });
  }).finally(() => signal.removeEventListener('abort', abort));
}

const lineFeed = 0x0a;

function joinLine(pieces: readonly Buffer[], end: Buffer): BinaryString {
  const line = joinOctets([...pieces, end]);
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
