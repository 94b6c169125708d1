/** Messages of one line each, from and to another program. */
import type { Readable, Writable } from 'node:stream';
import type { Lines } from '../context.js';
import { octetEncoding, type Octets } from '../octets.js';

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
