/** Converts between our responses and the platform's `Response`, which libraries expect. */
import { Readable } from 'node:stream';
import type { HttpResponse } from '../effects.js';

const statusesWithoutBody = [204, 205, 304];

/** @param response with a body that is still arriving, or complete. */
export function toResponse({ status, headers, body }: Omit<HttpResponse, 'body'> & { readonly body: Readable | Buffer }): Response {
  const fields = Object.entries(headers).filter((field): field is [string, string] => typeof field[1] === 'string');
  const init = { status, headers: fields };
  if (Buffer.isBuffer(body)) return new Response(statusesWithoutBody.includes(status) ? null : body, init);
  if (statusesWithoutBody.includes(status)) {
    body.resume();
    return new Response(null, init);
  }
  return new Response(Readable.toWeb(body) as globalThis.ReadableStream, init);
}

export function fromResponse({ status, headers, body }: Response): HttpResponse {
  return {
    status,
    headers: Object.fromEntries(headers),
    body: body === null ? Readable.from([]) : Readable.fromWeb(body),
  };
}
