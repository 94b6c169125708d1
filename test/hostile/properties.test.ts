/**
 * What must hold of any text at all. `PROPERTY_RUNS` sets how many are tried of each kind, 10,000 without it; a failure prints
 * the seed and the smallest text that fails.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AuthError } from '../../src/errors.js';
import { classifyAddress } from '../../src/http/address-ranges.js';
import { parseSafeUrl } from '../../src/http/url-policy.js';
import { Trace } from '../../src/http/trace.js';
import { parseObject } from '../../src/text/json.js';
import { parseChallenge } from '../../src/oauth/challenge.js';
import { limitInterval } from '../../src/oauth/device-authorization.js';
import { parsePastedResponse } from '../../src/oauth/pasted-response.js';
import { parseRetryAfter } from '../../src/oauth/retry-after.js';
import { isPrintable, toPrintable, quote } from '../../src/text/server-text.js';
import { readClients } from '../../src/store/clients.js';
import { findServer, formatDocument, parseDocument, listServers } from '../../src/store/document.js';
import { readLogin, writeLogin } from '../../src/store/login.js';
import { attemptWith } from '../helpers/attempt.js';

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 10_000);

/** Any text: with characters of all planes, lone surrogates, and pieces that mean something to the parser. */
function textWith(...pieces: string[]) {
  const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 20 }), fc.constantFrom(...pieces));
  const surrogate = fc.constantFrom('\ud800', '\udfff');
  return fc.array(fc.oneof(piece, surrogate), { maxLength: 30 }).map((parts) => parts.join(''));
}

/** What a parser of foreign text may do: return, or throw an error of ours whose words can be shown. */
function fails(work: () => unknown): AuthError | undefined {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return error;
  }
  return undefined;
}

const state = 'SECRET-state-of-22-chr';
const attempt = attemptWith({ state, codeVerifier: 'SECRET-verifier' });

describe('a pasted response', () => {
  const mess = textWith(
    'http://127.0.0.1:3000/callback?',
    'code=',
    'state=',
    state,
    '&',
    'iss=https://as.example',
    '#',
    '%',
    '\r\n',
    '│',
    '"',
    '\\',
    '&amp;',
    'error=',
  );

  test('of any text is a code, or a sentence that repeats nothing secret', () => {
    fc.assert(
      fc.property(mess, (text) => {
        const error = fails(() => expect(parsePastedResponse(text, attempt).code).not.toBe(''));
        expect(error?.message ?? '').not.toContain('SECRET');
        expect(isPrintable(error?.message ?? '')).toBe(true);
      }),
      { numRuns },
    );
  });

  test('with the right state is taken however a terminal has cut it into rows, and with a wrong one never', () => {
    const code = fc.string({ unit: fc.constantFrom(...Array.from('abcdefXYZ0123456789._~-/+=')), minLength: 8, maxLength: 300 });
    fc.assert(
      fc.property(code, fc.integer({ min: 1, max: 120 }), fc.constantFrom('\n', '\r\n', ' \n  ', '│\n│'), (text, width, end) => {
        const address = `http://127.0.0.1:3000/callback?${String(new URLSearchParams({ code: text, state }))}`;
        const cut = address.match(new RegExp(`.{1,${width}}`, 'g'))?.join(end) ?? '';
        expect(parsePastedResponse(cut, attempt).code).toBe(text);
        const other = address.replace(state, state.replace('2', '3'));
        expect(fails(() => parsePastedResponse(other, attempt))?.code).toBe('state_mismatch');
      }),
      { numRuns },
    );
  });

  test('of a million characters takes no time that grows with their square', () => {
    const long = [
      ')'.repeat(1_000_000),
      `code=${'.'.repeat(1_000_000)}x`,
      '&amp;'.repeat(200_000),
      '\u001b[0'.repeat(250_000),
      'a\n'.repeat(20_000),
    ];
    for (const text of long) expect(fails(() => parsePastedResponse(text, attempt))).toBeInstanceOf(AuthError);
  });
});

describe('a server’s words', () => {
  /** Code points from and to: controls, soft hyphens, fillers, joiners, overrides, isolates, selectors, tags. */
  const harmfulRanges = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x34f, 0x34f],
    [0x61c, 0x61c],
    [0x115f, 0x1160],
    [0x17b4, 0x17b5],
    [0x180b, 0x180f],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0x3164, 0x3164],
    [0xd800, 0xdfff],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xffa0, 0xffa0],
    [0xe0000, 0xe0fff],
  ];
  const harmful = new RegExp(`[${harmfulRanges.map(([from, to]) => `\\u{${from?.toString(16)}}-\\u{${to?.toString(16)}}`).join('')}]`, 'u');
  const evil = textWith('\u001b[2J', '\u009b', '\u202e', '\u200b', '\u2066', '”', '\u00a0', '\u2028', '\r', 'plain words ');

  test('are printable, on one line, of 200 characters, and end where their quotation mark does', () => {
    fc.assert(
      fc.property(evil, (text) => {
        for (const shown of [toPrintable(text), quote(text)]) expect(shown).not.toMatch(harmful);
        expect(toPrintable(toPrintable(text))).toBe(toPrintable(text));
        const inside = quote(text).slice(1, -1);
        expect(Array.from(inside).length).toBeLessThanOrEqual(200);
        expect(inside).not.toMatch(/[“”„‟«»]/);
      }),
      { numRuns },
    );
  });

  test('that are no text are shown all the same', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: false }), (value) => {
        expect(quote(value)).not.toMatch(harmful);
      }),
      { numRuns },
    );
  });
});

describe('WWW-Authenticate', () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019!#$%&*+.^_|~-')), minLength: 1, maxLength: 12 });
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });

  test('of any text is a challenge or none, and never takes long', () => {
    const mess = textWith('Bearer ', 'DPoP ', 'Basic ', 'realm=', '"', '\\', ',', '=', ' ', 'scope="a b"', 'resource_metadata=');
    fc.assert(
      fc.property(mess, (text) => void parseChallenge(text)),
      { numRuns },
    );
    for (const text of ['a='.repeat(8000), '"'.repeat(16_000), '\\'.repeat(16_000), `Bearer ${'a="'.repeat(5000)}`, ','.repeat(16_000)])
      parseChallenge(text);
  });

  test('gives back what was put in, whatever other challenges stand around it', () => {
    fc.assert(
      fc.property(value, value, word, fc.boolean(), (scope, realm, scheme, isFirst) => {
        const quotedPair = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const bearer = `Bearer realm=${quotedPair(realm)}, scope=${quotedPair(scope)}, resource_metadata="https://a.example/prm"`;
        const other = `X${scheme} nonce=${quotedPair(realm)}`;
        const found = parseChallenge(isFirst ? `${bearer}, ${other}` : `${other}, ${bearer}`);
        expect(found).toMatchObject({ scope, resourceMetadata: 'https://a.example/prm' });
      }),
      { numRuns },
    );
  });
});

describe('times', () => {
  test('Retry-After is from 0 to an hour, or nothing', () => {
    const date = fc.date({ noInvalidDate: true }).map((one) => one.toUTCString());
    const number = fc.oneof(fc.integer(), fc.double(), fc.bigInt()).map(String);
    fc.assert(
      fc.property(fc.oneof(textWith('Mon, ', ' GMT', '0', '-', '.'), date, number), fc.integer({ min: 0, max: 4e12 }), (text, now) => {
        const seconds = parseRetryAfter(text, now);
        if (seconds === undefined) return;
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(3600);
      }),
      { numRuns },
    );
  });

  test('of a polling interval is what a server asks for, or a minute at most where that would leave no time', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, noNaN: true }), fc.double({ min: 1, max: 3600, noNaN: true }), (interval, expiresIn) => {
        const chosen = limitInterval(interval, expiresIn);
        expect(chosen).toBeGreaterThanOrEqual(1);
        expect(chosen).toBeLessThanOrEqual(Math.max(60, expiresIn / 2));
        if (interval * 2 <= expiresIn) expect(chosen).toBe(interval);
      }),
      { numRuns },
    );
  });
});

describe('the store’s reader', () => {
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'auth', 'url', 'token', 'mcpServers', 'oauthClients', 'type', 'expires_at'),
  );
  const { document } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constantFrom('bearer', 'https://a.example', 1e300)),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries) as unknown),
    value: fc.oneof({ maxDepth: 5, withCrossShrink: true }, tie('leaf'), tie('list'), tie('object')),
    document: fc.record({ mcpServers: tie('object'), oauthClients: tie('object'), other: tie('value') }),
  }));

  test('takes any JSON, changes no object of the program, and writes back what it has read', async () => {
    await fc.assert(
      fc.asyncProperty(document, async (value) => {
        const text = JSON.stringify(value);
        const read = await parseDocument(text, 'store');
        expect(formatDocument(read)).toBe(formatDocument(JSON.parse(text)));
        for (const [name, entry] of listServers(read)) {
          const login = readLogin(entry);
          expect(login === undefined || typeof login.accessToken === 'string').toBe(true);
          if (login && name !== '__proto__') {
            writeLogin(entry, login, name);
            expect(readLogin(findServer(read, name))).toEqual(login);
          }
        }
        for (const issuer of Object.keys(read.oauthClients ?? {})) readClients(read, issuer);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('of any text gives a document, or says where it is wrong, in words that are not the file’s', async () => {
    const mess = textWith('{', '}', '"mcpServers":', '"SECRET-token"', ',', ':', '[', ']', '\n');
    await fc.assert(
      fc.asyncProperty(mess, async (text) => {
        try {
          await parseDocument(text, 'store');
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError);
          expect(String(error)).not.toContain('SECRET');
        }
      }),
      { numRuns },
    );
  });
});

describe('JSON of a server', () => {
  test('of any text is an object without __proto__, or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), textWith('{"__proto__":', '{"a":', '}', '[', ']', '1', ',')), (text) => {
        const value = parseObject(text);
        expect(JSON.stringify(value ?? {})).not.toContain('"__proto__":');
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }),
      { numRuns },
    );
  });
});

describe('URLs', () => {
  test('that pass are http(s), in their normal form, with a host that is a name or an address', () => {
    const mess = textWith(
      'https://',
      'http://',
      'localhost',
      '127.0.0.1',
      '@',
      ':',
      '/',
      '[::1]',
      '$(x)',
      'javascript:',
      '%00',
      'xn--',
      '。',
      '１',
    );
    fc.assert(
      fc.property(mess, (text) => {
        let url: URL | undefined;
        const error = fails(() => (url = parseSafeUrl(text, { what: 'The URL' })));
        expect(isPrintable(error?.message ?? '')).toBe(true);
        if (url === undefined) return;
        expect(url.hostname).toMatch(/^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/);
        expect(url.href).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
        expect(url.username + url.password).toBe('');
      }),
      { numRuns },
    );
  });

  test('every IPv4 address is in the same network however IPv6 spells it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(':');
        for (const spelled of [`::ffff:${address}`, `::ffff:${words}`, `64:ff9b::${words}`, `2002:${words}::1`]) {
          expect(classifyAddress(spelled), spelled).toBe(classifyAddress(address));
        }
      }),
      { numRuns },
    );
  });
});

describe('--debug', () => {
  test('shows nothing of a secret, wherever it stands, and wherever it is repeated', () => {
    const secret = fc
      .string({ unit: fc.constantFrom(...Array.from('abcdefXYZ0123456789-_.')), minLength: 12, maxLength: 60 })
      .map((text) => `s3cr3t${text}`);
    const name = fc.constantFrom(
      'code',
      'refresh_token',
      'client_secret',
      'access_token',
      'device_code',
      'x',
      'assertion',
      'state',
      'user_code',
    );
    fc.assert(
      fc.property(secret, name, (value, member) => {
        const lines: string[] = [];
        const trace = new Trace((line) => lines.push(line));
        const url = new URL(`https://a.example/p?${member}=${encodeURIComponent(value)}`);
        trace.logRequest(url, {
          method: 'POST',
          headers: { Authorization: `Bearer ${value}`, 'X-Key': value, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ [member]: value }),
        });
        trace.logResponse(
          url,
          {
            status: 400,
            headers: {
              'content-type': 'application/json',
              'www-authenticate': `Bearer error_description="${value}"`,
              'set-cookie': value,
            },
          },
          Buffer.from(JSON.stringify({ error_description: `no ${value}`, [member]: value, nested: { value } })),
        );
        trace.logFailure(url, new Error(`failed with ${value}`));
        expect(lines.length).toBe(3);
        expect(lines.join('\n')).not.toContain(value);
      }),
      { numRuns },
    );
  });
});
