/** Compressed answers: RFC 9110 section 8.4. */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Duplex, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What we ask for. */
export const acceptEncoding = 'gzip, deflate, br';
/** An answer that is compressed more often than that means no good. */
const mostCodings = 2;

const decoders: ReadonlyMap<string, () => Duplex> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** The body as it was before it was compressed; undefined for a coding that is not known, or too many of them. */
export function decoded(message: IncomingMessage): Readable | undefined {
  const codings = (message.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > mostCodings) return undefined;
  let body: Readable = message;
  // The last one was put on last.
  for (const coding of codings.reverse()) {
    const decoder = decoders.get(coding);
    if (decoder === undefined) return undefined;
    // Whoever reads hears of what fails on the way.
    body = pipeline(body, decoder(), () => undefined);
  }
  return body;
}
