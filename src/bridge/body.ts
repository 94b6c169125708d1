/** What a server sends in answer, up to the size that a message may have. */
import { AuthError } from '../errors.js';

/** Bytes of one message: a few images fit into it, and an answer without end does not. */
export const largestMessage = 64 * 1024 * 1024;

/** @throws AuthError `response_invalid` when it is larger than `largestMessage`, `network_error` when it breaks off. */
export async function readBody({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > largestMessage) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AuthError ? error : lost();
  }
  return Buffer.concat(chunks).toString();
}

/** An answer that may be there, and has not come. */
export function lost(): AuthError {
  return new AuthError('network_error', 'The connection was lost before the answer came.', { hint: 'Try again.' });
}

export function tooLarge(): AuthError {
  return new AuthError('response_invalid', `The server sent a message of more than ${largestMessage / 1024 / 1024} MiB.`);
}
