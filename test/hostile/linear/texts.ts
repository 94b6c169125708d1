/** The functions that read a text, and what is worst for each. */
import { Readable } from 'node:stream';
import { readEntryHeaders } from '../../../src/apps/entry-headers.js';
import { jsonc } from '../../../src/apps/formats/jsonc.js';
import { toml } from '../../../src/apps/formats/toml.js';
import { yaml } from '../../../src/apps/formats/yaml.js';
import { translateVariables } from '../../../src/apps/notation.js';
import { readEvents } from '../../../src/bridge/events.js';
import { parseResponseId, asResponseTo, toOneLine, parseMessage } from '../../../src/bridge/json-rpc.js';
import { findMembers } from '../../../src/bridge/large-message.js';
import { saysSessionIsLost } from '../../../src/bridge/lost-session.js';
import { formatRedactedDiff } from '../../../src/commands/redacted-diff.js';
import type { BinaryString, HttpResponse } from '../../../src/effects.js';
import { toAuthError } from '../../../src/errors.js';
import { parseSafeUrl } from '../../../src/http/url-policy.js';
import { toAsciiJson, isDeeperThan, parseObject } from '../../../src/text/json.js';
import { deriveServerName } from '../../../src/login/server-name.js';
import { toStoredUrl } from '../../../src/login/stored-url.js';
import { checkAuthorizationResponse } from '../../../src/oauth/authorization-code.js';
import { parseChallenge } from '../../../src/oauth/challenge.js';
import {
  deviceNormalisations,
  normaliseResponse,
  registrationNormalisations,
  tokenNormalisations,
} from '../../../src/oauth/normalisation.js';
import { parsePastedResponse } from '../../../src/oauth/pasted-response.js';
import { checkBelongsToServer, findRedirectTarget } from '../../../src/oauth/server-url.js';
import { findRegisteredRedirectUri } from '../../../src/oauth/redirect-uri.js';
import {
  rejectsRefreshToken,
  doesNotSupportResource,
  rejectsClientAuthentication,
  rejectsPrompt,
  rejectsResource,
  requiresScope,
} from '../../../src/oauth/error-response.js';
import { isResourceFor } from '../../../src/oauth/resource.js';
import { parseRetryAfter } from '../../../src/oauth/retry-after.js';
import { rejectsHeaderLength, saysTokenIsRejected } from '../../../src/oauth/token-rejection.js';
import { binaryEncoding, toBinary } from '../../../src/text/binary-string.js';

import { isPrintable, toPrintable, quote, redactCredentials } from '../../../src/text/server-text.js';
import { parseDocument } from '../../../src/store/document.js';
import { toServerName } from '../../../src/store/usable-name.js';
import { expandVariables, expandsToUrl, listUnsetVariables, listVariables } from '../../../src/store/variables.js';
import { forEachLine } from '../../../src/text/json-lines.js';
import { createKeyDecoder } from '../../../src/terminal/key-decoder.js';
import { attempt, octets, state, formatTrace, variables } from './reading.js';

/** One function, and texts that are made of pieces again and again: each after what is before it, and with an end. */
interface Row {
  readonly what: string;
  readonly work: (text: string) => unknown;
  readonly pieces: readonly string[];
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}
const request = { text: toBinary('{}'), id: 1, method: 'tools/list' };
/** A text in pieces of the size that a socket gives. */
const answerOf = (text: string, size = 16_384): HttpResponse => {
  const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    Buffer.from(text.slice(i * size, (i + 1) * size), binaryEncoding),
  );
  return { status: 200, headers: {}, body: Readable.from(chunks, { objectMode: false }) };
};
const refusal = (read: (refusal: { error: string; description: string; status: number }) => unknown) => (text: string) =>
  ['invalid_request', 'server says no'].map((error) => read({ error, description: text, status: 400 }));
const edited = (format: typeof jsonc) => (text: string) => {
  format.parse(text, 'file');
  const put = format.put(text, ['mcpServers', 'linear'], { entry: { url: 'https://mcp.example/mcp' }, replaced: ['command'] });
  return format.remove(put, ['mcpServers', 'linear']);
};
const answered = (text: string) =>
  [toOneLine, parseResponseId, (one: BinaryString) => asResponseTo(one, 1), findMembers, parseMessage].map((read) => read(octets(text)));

const words = ['a ', 'token ', 'scope ', 'refresh ', 'session ', 'invalid ', 'resource is ', 'unknown parameter ', 'a', ' '];
const json = ['[', '{"a":', '"\\"', '\\', '"', '1,', '"a":1,', '"id":1,', ' ', '\n', '{}', '[],', '{'];

export const rows: readonly Row[] = [
  {
    what: 'variables in a URL or a header',
    work: (text) =>
      [
        () => expandVariables(text, variables),
        () => listVariables(text),
        () => listUnsetVariables(text, variables),
        () => expandsToUrl(text, 'https://mcp.example/', variables),
      ].forEach(alone),
    pieces: ['${', '${A', '${A:-', '${A:-x}', '$', '{', '}', '${A}', 'A', '${${', ':-'],
    before: ['', '${A:-'],
  },
  {
    what: 'a URL as the store has it',
    work: (text) => toStoredUrl(`https://mcp.example/${text}`, (url) => parseSafeUrl(url, { what: 'It' }).href, variables),
    pieces: ['${', 'a', '/', '\t', '%', '..', '../', ' ', '#', '?'],
  },
  {
    what: 'a challenge',
    work: parseChallenge,
    pieces: [
      '"',
      'a="',
      "a='",
      'a=',
      'a=\\"',
      '\\"',
      '\\',
      ' ',
      ',',
      'Bearer ',
      'a=b ',
      'a=b, ',
      'a ',
      'a',
      '=',
      '?',
      'Bearer a=b c ',
      ';',
      'a="\\',
    ],
    before: ['', 'Bearer ', 'Bearer a="'],
    after: ['', '\u0000'],
  },
  {
    what: 'what connect --print shows',
    work: (text) => formatRedactedDiff({ file: 'f', before: text, after: `${text}\nnew` }, '{"a": 1}'),
    pieces: ['"\\', '\\"', '"', "'", '\\', 'a', ' ', '\n', 'token: "', 'token ', 'Bearer ', 'a:', '"a": ', '["a"]', "it's\n"],
    after: ['', '"'],
  },
  {
    what: 'a message of the server',
    work: answered,
    pieces: json,
    before: ['', '{"result":', '{"result":"', '['],
    after: ['', '"}', ',"id":1}'],
  },
  {
    what: 'a refusal that may be of the session',
    work: (text) => saysSessionIsLost({ status: 400, body: octets(text), message: request }),
    pieces: [...words, ...json],
  },
  {
    what: 'a stream of events',
    work: (text) => readEvents(answerOf(text), { onEvent: () => undefined }),
    pieces: [
      '\n',
      '\r',
      '\r\n',
      'data:',
      'data: a\n',
      'data: a\n\n',
      'a',
      ':\n',
      'id: 1\n',
      `${'\n'.repeat(1023)}\r`,
      'event: a\r\n',
      '\u0000',
    ],
    before: ['', 'data: '],
  },
  {
    what: 'lines of an app',
    work: (text) => forEachLine(answerOf(text).body, { signal: new AbortController().signal, take: () => undefined }),
    pieces: ['\n', '\r', 'a', 'a\n', '\r\n'],
  },
  {
    what: 'what a person pastes',
    work: (text) => parsePastedResponse(text, attempt),
    pieces: [
      ')',
      '(',
      '"',
      'code=',
      '?code=a ',
      '&',
      '&amp;',
      '&amp',
      '\u001b[0',
      '\u001b[',
      ' ',
      '\t',
      'a\n',
      '\\',
      '#',
      '%',
      '%41',
      '127.0.0.1:3000/callback?',
      '\u2500',
      '\u202e',
      'a',
    ],
    before: ['', 'code=', 'http://127.0.0.1:3000/callback?', 'a'],
    after: ['', 'x', '='],
  },
  {
    what: 'the parameters of a response',
    work: (text) => checkAuthorizationResponse(new URLSearchParams(`state=${state}&${text}`), attempt),
    pieces: ['a&', '=', '&', '%'],
  },
  {
    what: 'keys of a terminal',
    work: (text) => {
      const read = createKeyDecoder();
      for (let at = 0; at < text.length; at += 1024) read(text.slice(at, at + 1024));
    },
    pieces: ['\u001b', '\u001b[', '\u001b]', '\u001b[0', 'a', '\u001b[200~', '\u001b[201', '\r', '\u0000', '\u001bO'],
    before: ['', '\u001b]', '\u001b[', '\u001b[200~'],
  },
  {
    what: 'a server’s words',
    work: (text) => [toPrintable(text), isPrintable(text), quote(text), redactCredentials(text), toAsciiJson(text)],
    pieces: ['\u202e', '\n', '\t ', 'Bearer ', 'Bearer', 'a', 'a1', '“', '\u200b', '\ud800', ' ', '\u3000'],
  },
  {
    what: 'a refusal in words',
    work: refusal((one) => [
      rejectsResource(one),
      doesNotSupportResource(one),
      rejectsPrompt(one),
      requiresScope(one),
      rejectsRefreshToken(one),
      rejectsClientAuthentication(one),
    ]),
    pieces: [...words, 'prompt ', 'refresh_token ', 'client ', 'to refresh the ', 'not ', 'already '],
  },
  {
    what: 'a refusal of a token',
    work: (text) => [
      saysTokenIsRejected(text),
      saysTokenIsRejected(JSON.stringify({ message: text })),
      rejectsHeaderLength({ status: 400, text }, 'x'.repeat(4000)),
    ],
    pieces: [...words, 'header ', 'bearer ', 'id', 'expired_', '{'],
  },
  {
    what: 'an answer of a token endpoint',
    work: (text) =>
      normaliseResponse(new Response(text, { status: 200 }), {
        normalisations: [...tokenNormalisations, ...registrationNormalisations, ...deviceNormalisations],
        status: 200,
      }),
    pieces: ['a=', '&', 'a&', '.', ' ', '<', '"', '[', '{', 's', '\\', ','],
    before: ['', 'a=', '"', '{"expires_in":"', '{"scope":"', '{"error":"'],
    after: ['', '"}', '"'],
  },
  {
    what: 'an error’s name',
    work: (text) =>
      normaliseResponse(new Response(JSON.stringify({ error: text }), { status: 400 }), {
        normalisations: tokenNormalisations,
        status: 200,
      }),
    pieces: ['a', 'A', 'aA', ' ', '-', '_', 'a_'],
    after: ['', '!'],
  },
  {
    what: 'the log of --debug',
    work: formatTrace,
    pieces: ['"secret":1,', 'a=', '/', 'a1', '%', ' ', '\u202e', '"'],
    before: ['{', 'https://as.example/?', 'https://as.example/', '{"x":["'],
    after: ['', '"a":1}', '"]}'],
  },
  {
    what: 'an address',
    work: (text) => parseSafeUrl(text, { what: 'It' }),
    pieces: ['a', '.', '-', '[', ':', '@', '/', '%', '..', '\\', ' '],
    before: ['', 'https://', 'https://a/', 'https://['],
    after: ['', '!', '/'],
  },
  {
    what: 'a place on a server',
    work: (text) => {
      const target = new URL(`https://a.example/${text}`);
      const other = new URL(`https://a.example/${text}x`);
      findRedirectTarget({ status: 307, location: `/${text}y` }, target);
      alone(() => checkBelongsToServer(other, { target, what: 'It' }));
      isResourceFor(target.href, other);
    },
    pieces: ['a', '/', '%', 'a/', ';', '.', '../'],
    after: ['', '/'],
  },
  {
    what: 'a redirect URI',
    work: (text) => findRegisteredRedirectUri('http://127.0.0.1:1/', [text]),
    pieces: ['a', '/', '[', ':', '?'],
    before: ['', 'http://'],
  },
  {
    what: 'Retry-After',
    work: (text) => parseRetryAfter(text, 0),
    pieces: ['1', 'a', ' ', ':', ',', 'Mon, '],
    before: ['', 'Mon'],
    after: ['', '!'],
  },
  {
    what: 'variables of apps',
    work: (text) => [translateVariables(text, { bare: true, isUrl: true }), translateVariables(text)],
    pieces: ['${', '{{', '$', '$A', '${A:-', '{env:', '%', '%AAA', '%AAA%', '}', 'A', '${A:-${A}', '${env:A}', '$env:'],
    before: ['', 'https://', '${A:-'],
  },
  {
    what: 'a header of an app',
    work: (text) => readEntryHeaders({ headers: { a: text }, command: ['--header', `a: ${text}`, '--header', text] }, {}),
    pieces: ['${', '${a}', 'a', ':', ' ', 'Bearer ', '\n'],
  },
  {
    what: 'an app’s file in JSON',
    work: edited(jsonc),
    pieces: ['/*', '//', '"', '\\', '[', '{"a":', ' ', '\n', ',', '"a",', '#', '\r\n', '\t\n'],
    before: ['', '{"a":[', '{"mcpServers":{"linear":{"command":1},"x":['],
    after: ['', ']}', ']}}'],
  },
  {
    what: 'an app’s file in TOML',
    work: edited(toml),
    pieces: ['a.', '[', '["\\"', '[a]\n', '# a\n', '"', '\n', ' ', '1,', '[[a]]\n', '=', '\\', "'", '\r\n'],
    before: ['', 'a=[', '[mcpServers.linear]\ncommand=1\n', '["', 'a="""'],
    after: ['', ']', 'b=1', '"]', '"""'],
  },
  {
    what: 'an app’s file in YAML',
    work: edited(yaml),
    pieces: ['- ', 'a ', '# a\n', '[', '"', '\n', ': ', '*a ', "''", '\r\n'],
    before: ['', 'mcpServers:\n  linear:\n    command: 1\n'],
  },
  { what: 'the store', work: (text) => parseDocument(text, 'file'), pieces: [...json, '\r\n'], before: ['', '{"mcpServers":{"a":'] },
  { what: 'a name', work: toServerName, pieces: ['-', ' ', 'ß', 'é', 'a', '\u0301', '@'], after: ['', 'x'] },
  { what: 'a name from a URL', work: (text) => deriveServerName(new URL(`https://${text}/`), []), pieces: ['a', 'a.', 'mcp.', '1.'] },
  {
    what: 'a nested document',
    work: (text) => [parseObject(text), isDeeperThan(parseObject(text), 64)],
    pieces: ['{"a":', '[', '"a":1,', '[],'],
    before: ['', '{"x":['],
  },
  {
    what: 'an unexpected failure',
    work: (text) => toAuthError(new TypeError(text)),
    pieces: [' at ', '\n at ', '\n at a', 'a', ' ', '\n', '/', '.js:'],
    before: ['', '\n at '],
  },
];

function alone(work: () => unknown): void {
  try {
    work();
  } catch {
    // A refusal is an answer.
  }
}
