/** Common arguments of several functions that read a text. */
import { Trace } from '../../../src/http/trace.js';
import type { BinaryString } from '../../../src/effects.js';
import { attemptWith } from '../../helpers/attempt.js';

export const variables = { variables: {} };

export const state = 'state-of-22-characters';
export const attempt = attemptWith({ state, codeVerifier: 'verifier' });

export const octets = (text: string) => text as BinaryString;
export const formatTrace = (text: string) => {
  const trace = new Trace(() => undefined);
  const [url, headers] = [new URL('https://as.example/token'), { 'content-type': 'application/json', location: text }];
  trace.logResponse(url, { status: 200, headers }, Buffer.from(text));
  trace.logRequest(new URL(url), { method: 'POST', headers, body: text });
};
