/** What a server sends in answer, up to the size that a message may have. */
import type { HttpAnswer } from '../context.js';
import { AuthError } from '../errors.js';

/** Bytes of one message: a few images fit into it, and an answer without end does not. */
export const largestMessage = 64 * 1024 * 1024;

/** @throws AuthError `response_invalid` when it is larger than `largestMessage`, `network_error` when it breaks off. */
export async function readBody({ body }: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > largestMessage) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AuthError ? error : lost();
  }
  return Buffer.concat(chunks).toString();
}

export function isOk({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Bytes of a body nobody wants that are read nevertheless, so that its connection can be used again. */
const worthReading = 64 * 1024;

/** Has done with an answer whose body nobody wants: it may be without end. */
export function discard({ headers, body }: HttpAnswer): void {
  body.on('error', () => undefined);
  if (Number(headers['content-length']) <= worthReading) body.resume();
  else body.destroy();
}

/** An answer that may be there, and has not come. */
export function lost(): AuthError {
  return new AuthError('network_error', 'The connection was lost before the answer came.', { hint: 'Try again.' });
}

export function tooLarge(): AuthError {
  return new AuthError('response_invalid', `The server sent a message of more than ${largestMessage / 1024 / 1024} MiB.`);
}
