/** Response bodies, read up to the size limit of a message. */
import type { BinaryString, HttpResponse } from '../effects.js';
import { AuthError } from '../errors.js';
import { joinOctets } from '../text/binary-string.js';

/** Large enough for a few images, small enough to stop an endless response. */
export const maxMessageBytes = 64 * 1024 * 1024;

const byteOrderMark = /^\xef\xbb\xbf/;

/** Whether the status means success (RFC 9110 section 15.3). */
export function isOk({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** @throws AuthError `response_invalid` if it is larger than `maxMessageBytes`, `network_error` if the connection is lost. */
export async function readBody({ body }: HttpResponse): Promise<BinaryString> {
  const chunks: Buffer[] = [];
  let size = 0;
  await forEachChunk(body, (chunk) => {
    size += chunk.length;
    if (size > maxMessageBytes) throw messageTooLargeError();
    chunks.push(chunk);
    return undefined;
  });
  return joinOctets(chunks).replace(byteOrderMark, '') as BinaryString;
}

/**
 * Calls `take` with each chunk of a body until its end. Reading pauses until a promise returned by `take`
 * resolves. An error thrown by `take` stops it.
 *
 * @throws AuthError `network_error` if the connection is lost.
 */
export function forEachChunk(body: HttpResponse['body'], take: (chunk: Buffer) => Promise<unknown> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      body.destroy();
      reject(error instanceof AuthError ? error : connectionLostError());
    };
    body
      .on('data', (chunk: Buffer) => {
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
      // `close` also follows `end`. For a destroyed body it is the only event.
      .on('close', () => body.readableEnded || reject(connectionLostError()));
  });
}

/** An unwanted body up to this size is read, so that its connection can be used again. */
const maxDrainedBytes = 64 * 1024;

/** Discards the body of a response. A long or endless one is cut off. */
export function discardResponse({ headers, body }: HttpResponse): void {
  body.on('error', () => undefined);
  if (Number(headers['content-length']) <= maxDrainedBytes) body.resume();
  else body.destroy();
}

/** The server may have processed the request, but its response did not arrive. */
export function connectionLostError(): AuthError {
  return new AuthError('network_error', 'The connection was lost before the response arrived.', { hint: 'Try again.' });
}

export function messageTooLargeError(): AuthError {
  return new AuthError('response_invalid', `The server sent a message larger than ${maxMessageBytes / 1024 / 1024} MiB.`);
}
