/** Pasted redirect URLs, in every form that users paste them. */
import { describe, expect, test } from 'vitest';
import type { AuthorizationAttempt } from '../../src/oauth/authorization-code.js';
import { parsePastedResponse } from '../../src/oauth/pasted-response.js';

const redirectUri = 'http://127.0.0.1:41001/callback';
const state = 'aB3-_xYz0123456789abcd';
const code = 'SplxlOBeZQQYbYS6WxSbIA';
const end = `${redirectUri}?code=${code}&state=${state}`;

function attempt({ iss = false, uri = redirectUri, pkce = true } = {}): AuthorizationAttempt {
  const metadata = {
    issuer: 'https://auth.example',
    code_challenge_methods_supported: pkce ? ['S256'] : undefined,
    authorization_endpoint: 'https://auth.example/authorize',
    ...(iss && { authorization_response_iss_parameter_supported: true }),
  };
  const request = { metadata, client: { client_id: 'c', obtained_by: 'dynamic_registration' as const }, redirectUri: uri, resource: 'r' };
  return { request, url: `https://auth.example/authorize?client_id=c&state=${state}`, state, codeVerifier: 'v' };
}

/** Break into lines, as a window of that width shows a long line. */
function wrappedAt(columns: number, text: string, between = '\n'): string {
  return text.replace(new RegExp(`(.{${columns}})`, 'g'), `$1${between}`);
}

describe('is accepted', () => {
  test.each([
    { what: 'the whole URL', text: end },
    { what: 'with spaces and line breaks around it', text: `  ${end} \r\n` },
    { what: 'wrapped over lines', text: wrappedAt(30, end) },
    { what: 'wrapped, with the indentation of a quotation', text: wrappedAt(30, end, '\r\n    ') },
    { what: 'from the lines of a frame', text: `│ ${wrappedAt(40, end, ' │\n│ ')} │` },
    { what: 'in quotes', text: `"${end}"` },
    { what: 'in single quotes', text: `'${end}'` },
    { what: 'in typographic quotes', text: `“${end}”` },
    { what: 'in angle brackets', text: `<${end}>` },
    { what: 'as Markdown', text: `[the page](${end})` },
    { what: 'in a sentence', text: `It says: ${end}` },
    { what: 'as zsh’s url-quote-magic leaves it', text: end.replace(/[?&=]/g, '\\$&') },
    { what: 'escaped for HTML', text: end.replaceAll('&', '&amp;') },
    { what: 'escaped twice for HTML', text: end.replaceAll('&', '&amp;amp;') },
    { what: 'with the mark of zsh for a missing line break', text: `${end}%` },
    { what: 'with the marks of a bracketed paste', text: `\u001b[200~${end}\u001b[201~` },
    { what: 'with colours', text: `\u001b[4;34m${end}\u001b[0m` },
    { what: 'with zero-width characters', text: `\ufeff${end.slice(0, 40)}\u200b${end.slice(40)}` },
    { what: 'without its scheme', text: end.replace('http://', '') },
    { what: 'its path and query', text: end.replace('http://127.0.0.1:41001', '') },
    { what: 'its query', text: end.replace(redirectUri, '') },
    { what: 'its query without the question mark', text: `code=${code}&state=${state}` },
    { what: 'its query, state first', text: `?state=${state}&code=${code}` },
    { what: 'with a fragment that some server adds', text: `${end}#_=_` },
    { what: 'with an empty fragment', text: `${end}#` },
    { what: 'its query, with a fragment', text: `?state=${state}&code=${code}#/consent` },
    { what: 'as Markdown of itself', text: `[${end}](${end})` },
    { what: 'at the end of a sentence', text: `It ends on ${end}.` },
    { what: 'in the middle of a sentence', text: `I see ${end} and it does not load` },
    { what: 'code#state', text: `${code}#${state}` },
    { what: 'code#state, wrapped', text: wrappedAt(10, `${code}#${state}`) },
    { what: 'a bare code', text: `${code}\n` },
    { what: 'the second of two pastes that arrive together', text: `http://127.0.0.1:41001/callback?code=old&state=other\n${end}` },
    { what: 'after other lines', text: `I approved it.\nHere it is:\n${end}\n` },
  ])('$what', ({ text }) => {
    expect(parsePastedResponse(text, attempt())).toEqual({ code });
  });

  test('a code of 6,000 characters, with every character that a code may contain', () => {
    const long = `4/${'aZ0-._~+/'.repeat(700)}`;
    const parameters = String(new URLSearchParams({ code: long, state }));
    expect(parsePastedResponse(wrappedAt(80, `${redirectUri}?${parameters}`), attempt())).toEqual({ code: long });
  });

  test('with a redirect URI that the user chose', () => {
    const uri = 'https://example.com/oauth/done';
    expect(parsePastedResponse(`${uri}?code=${code}&state=${state}`, attempt({ uri }))).toEqual({ code });
  });

  test('with the issuer, from a server that identifies itself', () => {
    expect(parsePastedResponse(`${end}&iss=https%3A%2F%2Fauth.example`, attempt({ iss: true }))).toEqual({ code });
  });
});

describe('is rejected, and the user may paste again', () => {
  const iss = 'https%3A%2F%2Fauth.example';
  test.each([
    { what: 'nothing', text: ' \r\n ', error: 'nothing_pasted' },
    { what: 'quotes around nothing', text: '""', error: 'nothing_pasted' },
    { what: 'a sentence', text: 'yes I have approved', error: 'not_an_address' },
    { what: 'a short word', text: 'ok', error: 'not_an_address' },
    {
      what: 'the URL of the login page',
      text: `https://auth.example/authorize?client_id=c&state=${state}`,
      error: 'address_mismatch',
      said: 'This is the URL of the login page. Approve there',
    },
    {
      what: 'another page of the authorization server',
      text: 'https://auth.example/consent/7',
      error: 'address_mismatch',
      said: 'still a page of auth.example',
    },
    {
      what: 'another host',
      text: `https://evil.example/callback?code=${code}&state=${state}`,
      error: 'address_mismatch',
      said: 'This is not the redirect URL',
    },
    { what: 'another port', text: end.replace('41001', '41002'), error: 'address_mismatch', said: 'This is not the redirect URL' },
    { what: 'a redirect URL without its query', text: redirectUri, error: 'address_incomplete', said: 'after its “?” is missing' },
    { what: 'cut off in its state', text: end.slice(0, -5), error: 'address_incomplete', said: '“state” is missing or cut off' },
    {
      what: 'cut off before its state',
      text: end.slice(0, end.indexOf('&state')),
      error: 'address_incomplete',
      said: '“state” is missing',
    },
    { what: 'no code', text: `${redirectUri}?state=${state}`, error: 'code_missing' },
    { what: 'the response of another login', text: end.replace(state, 'another'), error: 'state_mismatch' },
    { what: 'the response of another login, as code#state', text: `${code}#another`, error: 'state_mismatch' },
    { what: 'without the required issuer', text: end, issued: true, error: 'address_incomplete', said: '“iss” is missing' },
    { what: 'cut off in its issuer', text: `${end}&iss=${iss.slice(0, -4)}`, issued: true, error: 'address_incomplete' },
    {
      what: 'a bare code, from a server that identifies itself',
      text: code,
      issued: true,
      error: 'address_incomplete',
      said: 'so a bare code cannot be accepted',
    },
  ])('$what', ({ text, error, said, issued = false }) => {
    const read = () => parsePastedResponse(text, attempt({ iss: issued }));
    expect(read).toThrow(expect.objectContaining({ code: error }) as Error);
    if (said !== undefined) expect(read).toThrow(said);
  });
});

test('a bare code is rejected if the server does not support PKCE with S256', () => {
  expect(() => parsePastedResponse(code, attempt({ pkce: false }))).toThrow('Paste the whole redirect URL');
  expect(parsePastedResponse(`${code}#${state}`, attempt({ pkce: false }))).toEqual({ code });
});

describe('ends the login', () => {
  test.each([
    { what: 'another issuer', text: `${end}&iss=https%3A%2F%2Fevil.example`, error: 'issuer_mismatch' },
    { what: 'an error', text: `${redirectUri}?error=access_denied&state=${state}`, error: 'access_denied' },
  ])('$what', ({ text, error }) => {
    expect(() => parsePastedResponse(text, attempt())).toThrow(expect.objectContaining({ code: error }) as Error);
  });
});
