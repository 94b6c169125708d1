/** What a server sends in answer, up to the size that a message may have. */
import type { BinaryString, HttpResponse } from '../effects.js';
import { AuthError } from '../errors.js';
import { binaryEncoding } from '../text/binary-string.js';

/** Bytes of one message: a few images fit into it, and an answer without end does not. */
export const maxMessageBytes = 64 * 1024 * 1024;

const byteOrderMark = /^\xef\xbb\xbf/;

/** Whether the status is one of success: RFC 9110 section 15.3. */
export function isOk({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** @throws AuthError `response_invalid` when it is larger than `largestMessage`, `network_error` when it breaks off. */
export async function readBody({ body }: HttpResponse): Promise<BinaryString> {
  const chunks: string[] = [];
  let size = 0;
  await forEachChunk(body, (chunk) => {
    size += chunk.length;
    if (size > maxMessageBytes) throw messageTooLargeError();
    chunks.push(chunk);
    return undefined;
  });
  return chunks.join('').replace(byteOrderMark, '') as BinaryString;
}

/**
 * Takes a body to its end, in octets, and waits wherever `take` wants it to wait. What `take` throws ends it.
 *
 * @throws AuthError `network_error` when it breaks off.
 */
export function forEachChunk(body: HttpResponse['body'], take: (chunk: string) => Promise<unknown> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      body.destroy();
      reject(error instanceof AuthError ? error : connectionLostError());
    };
    body
      .setEncoding(binaryEncoding)
      .on('data', (chunk: string) => {
        try {
          const waiting = take(chunk);
          if (waiting === undefined) return;
          body.pause();
          waiting.then(() => body.resume(), fail);
        } catch (error) {
          fail(error);
        }
      })
      .on('end', resolve)
      .on('error', fail)
      // After its end that comes too; of a body that was destroyed nothing else does.
      .on('close', () => body.readableEnded || reject(connectionLostError()));
  });
}

/** Bytes of a body nobody wants that are read nevertheless, so that its connection can be used again. */
const worthReading = 64 * 1024;

/** Has done with an answer whose body nobody wants: it may be without end. */
export function discardResponse({ headers, body }: HttpResponse): void {
  body.on('error', () => undefined);
  if (Number(headers['content-length']) <= worthReading) body.resume();
  else body.destroy();
}

/** An answer that may be there, and has not come. */
export function connectionLostError(): AuthError {
  return new AuthError('network_error', 'The connection was lost before the answer came.', { hint: 'Try again.' });
}

/** A message that is larger than `largestMessage`. */
export function messageTooLargeError(): AuthError {
  return new AuthError('response_invalid', `The server sent a message of more than ${maxMessageBytes / 1024 / 1024} MiB.`);
}
