/** How an agent reads questions and sends answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatFailure, getFailureStatus } from '../agent-protocol/failure.js';
import { errorHeader } from '../agent-protocol/messages.js';
import { AuthError, createInterruptedError } from '../errors.js';
import { parseObject } from '../text/json.js';
import type { Exchange } from './service.js';
import { limits } from './limits.js';

export function respondJson(response: ServerResponse, value: object, status = 200): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

export function respondFailure(response: ServerResponse, error: AuthError): void {
  if (response.headersSent) return void response.destroy();
  const text = formatFailure(error);
  // The rest of a request that was not read would be taken for the next one.
  response.shouldKeepAlive &&= response.req.complete;
  const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), [errorHeader]: error.code };
  response.writeHead(getFailureStatus(error), head).end(text);
}

/** Begins a response of lines of JSON. Returns what writes one. */
export function respondLines(response: ServerResponse): (line: object) => void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  return (line) => void response.write(`${JSON.stringify(line)}\n`);
}

/** @throws AuthError `usage` for a body that is not a JSON object. */
export async function readQuestion(exchange: Exchange): Promise<Record<string, unknown>> {
  const { text: body, release } = await readBody(exchange, limits.questionOctets);
  release();
  const value = parseObject(body === '' ? '{}' : Buffer.from(body, 'latin1').toString());
  if (value !== undefined) return value;
  throw new AuthError('usage', 'The body of the request is not a JSON object.');
}

/** A body as a string of octets. */
interface Body {
  readonly text: string;
  /** Gives back its room among the messages of the socket, when it is not needed any more. */
  readonly release: () => void;
}

/**
 * Reads the body of a request.
 *
 * @throws AuthError `usage` if it is larger than that, `agent_busy` if too much is being received over this socket.
 */
export async function readBody({ request, gate }: Pick<Exchange, 'request' | 'gate'>, maxOctets: number): Promise<Body> {
  let text = '';
  let room = 0;
  const release = () => void gate.reserve(-room);
  checkSize(Number(request.headers['content-length'] ?? 0), maxOctets);
  try {
    // Events, because an asynchronous iterator takes 10 µs more for each message.
    await new Promise<void>((resolve, reject) => {
      request.setEncoding('latin1').on('data', (chunk: string) => {
        const needed = chunk.length + limits.partOctets;
        if (text.length + chunk.length > maxOctets) reject(createSizeError(maxOctets));
        else if (gate.reserve(needed)) {
          room += needed;
          text += chunk;
        } else reject(new AuthError('agent_busy', 'Too many large messages are being received.'));
      });
      request.on('end', resolve);
      // Creating an error for each message would take longer than all else here.
      request.on('close', () => {
        if (!request.readableEnded) reject(createInterruptedError());
      });
    });
    return { text, release };
  } catch (error) {
    request.removeAllListeners('data');
    release();
    throw error;
  }
}

function checkSize(octets: number, maxOctets: number): void {
  if (octets > maxOctets) throw createSizeError(maxOctets);
}

function createSizeError(maxOctets: number): AuthError {
  return new AuthError('usage', `The body of the request is larger than ${maxOctets} octets.`);
}

/** Whether a request has a body (RFC 9112 section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
