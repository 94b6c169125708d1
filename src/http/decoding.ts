/** Compressed responses: RFC 9110 section 8.4. */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';

/** The encodings that every request asks for. */
export const acceptEncoding = 'gzip, deflate, br';
/** No well-meaning server compresses a response more often. */
const maxCodings = 2;

const decoders = new Map([
  ['gzip', 'createGunzip'],
  ['x-gzip', 'createGunzip'],
  ['deflate', 'createInflate'],
  ['br', 'createBrotliDecompress'],
] as const);

/** Decompresses a response body; undefined if a coding is unknown, or if there are too many. */
export async function decodeBody(message: IncomingMessage): Promise<Readable | undefined> {
  const codings = (message.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > maxCodings) return undefined;
  const zlib = await import('node:zlib');
  let body: Readable = message;
  // The header lists codings in the order in which they were applied.
  for (const coding of codings.reverse()) {
    const decoder = decoders.get(coding as 'gzip');
    if (decoder === undefined) return undefined;
    // The reader of the last stream gets the error.
    body = pipeline(body, zlib[decoder](), () => undefined);
  }
  return body;
}
