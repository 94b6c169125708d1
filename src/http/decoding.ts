/** Compressed answers: RFC 9110 section 8.4. */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';

/** What we ask for. */
export const acceptEncoding = 'gzip, deflate, br';
/** An answer that is compressed more often than that means no good. */
const mostCodings = 2;

const decoders = new Map([
  ['gzip', 'createGunzip'],
  ['x-gzip', 'createGunzip'],
  ['deflate', 'createInflate'],
  ['br', 'createBrotliDecompress'],
] as const);

/** The body as it was before it was compressed; undefined for a coding that is not known, or too many of them. */
export async function decodeBody(message: IncomingMessage): Promise<Readable | undefined> {
  const codings = (message.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > mostCodings) return undefined;
  const zlib = await import('node:zlib');
  let body: Readable = message;
  // The last one was put on last.
  for (const coding of codings.reverse()) {
    const decoder = decoders.get(coding as 'gzip');
    if (decoder === undefined) return undefined;
    // Whoever reads hears of what fails on the way.
    body = pipeline(body, zlib[decoder](), () => undefined);
  }
  return body;
}
