/** Messages of one line each, from and to another program. */
import { finished, type Readable, type Writable } from 'node:stream';
import type { BinaryString, Lines } from '../effects.js';
import { binaryEncoding } from '../text/binary-string.js';

/**
 * Hands over the lines of a stream as JSON-RPC has them, until it ends: a line feed ends one, and nothing else does. Node's
 * readline takes U+2028 for an end too, from version 22 on, which JSON may hold in any string.
 *
 * @param signal ends it as the end of the stream does.
 */
export function forEachLine(input: Readable, { signal, take }: { signal: AbortSignal; take: (line: BinaryString) => void }): Promise<void> {
  let pieces: string[] = [];
  const read = (chunk: string) => {
    const [first = '', ...others] = chunk.split('\n');
    pieces.push(first);
    for (const next of others) {
      take(lineOf(pieces));
      pieces = [next];
    }
  };
  const abort = () => input.destroy();
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', abort, { once: true });
    input.setEncoding(binaryEncoding).on('data', read);
    finished(input, { writable: false }, (error) => {
      if (error && !signal.aborted) return reject(error);
      const last = lineOf(pieces);
      if (last !== '' && !signal.aborted) take(last);
      resolve();
    });
  }).finally(() => signal.removeEventListener('abort', abort));
}

function lineOf(pieces: readonly string[]): BinaryString {
  const line = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('');
  return (line.endsWith('\r') ? line.slice(0, -1) : line) as BinaryString;
}

/** Milliseconds: lines that come faster than this after each other are worth to be gathered. */
const crowded = 0.15;

/**
 * Writes lines to a program that may be slow to read them: one by itself at once, those of a crowd with one write at the
 * end of the turn of the event loop.
 */
export function createLineWriter(output: Writable): Lines['write'] {
  let gathered: string[] = [];
  /** When those have gone. */
  let flushed: Promise<void> | undefined;
  let last = 0;

  // Until this has gone, and not, as `drain` has it, all that there is: while others keep coming that may be never.
  const send = (text: string) =>
    output.writableNeedDrain
      ? new Promise<void>((resolve) => output.write(text, binaryEncoding, () => resolve()))
      : void output.write(text, binaryEncoding);
  const flush = () => {
    const text = `${gathered.join('\n')}\n`;
    gathered = [];
    return send(text);
  };

  return (line) => {
    const before = last;
    last = performance.now();
    if (gathered.length === 0) {
      if (last - before > crowded) return send(`${line}\n`);
      flushed = new Promise((resolve) => setImmediate(() => resolve(flush())));
    }
    gathered.push(line);
    return output.writableNeedDrain ? flushed : undefined;
  };
}
