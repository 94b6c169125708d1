/**
 * Secrets in all places where mcp-auth has some, and a server that repeats what it receives in every part of a response, in every
 * encoding: whole commands print none of them, with and without --debug.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { Exchange, FakeRequest, Respond } from '../helpers/fake-server.js';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { deviceCode, discovery, tokens, withMetadata, type Places } from './attacking-server.js';

/** No two have the same start or end, and some contain the special characters of URLs, JSON and HTML. */
const canaries = {
  clientSecret: 'k7Zq&v2/Wm+9x%Rt<4>',
  refreshToken: 'rf-81hdkQ2x_77Lq0b.zz1',
  accessToken: 'at~5vHn20qPPw"81m',
  header: 'hx4Tq9 Lm3Vb8 zR',
  cookie: 'ck-9Jd82MqLs',
  variable: 'pv2Ubn8Xw01eYk',
  urlKey: 'uk3Ge6Ny9Dc2',
  code: 'cd-0Gw5XtA4.Nn',
  deviceCode: 'dv6Ib1Fz7Rk3',
  assertion: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJwb2Q3VnEyIn0.sg8Ko5Qy2Bw9',
  registrationToken: 'rt9Xe4Hm6Cs1',
} as const;

/** How a server may encode what it repeats. */
const spellings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'percent-encoded': (text) => encodeURIComponent(text),
  'percent-encoded twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'percent-encoded in every letter': (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'as in a form': (text) => String(new URLSearchParams({ x: text })).slice(2),
  'as in JSON': (text) => JSON.stringify(text).slice(1, -1),
  'with JSON’s escapes': (text) => Array.from(text, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  'as in HTML': (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  'with HTML’s numbers': (text) => Array.from(text, (one) => `&#${one.charCodeAt(0)};`).join(''),
  'with HTML’s hexadecimal numbers': (text) => Array.from(text, (one) => `&#x${one.charCodeAt(0).toString(16)};`).join(''),
  'in upper case': (text) => text.toUpperCase(),
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64url, after other words': (text) => Buffer.from(`a:${text}`).toString('base64url'),
  'in hexadecimal': (text) => Buffer.from(text).toString('hex'),
  'with spaces between': (text) => Array.from(text).join(' '),
  'with characters of no width between': (text) => Array.from(text).join('\u200b'),
  'over several lines': (text) => text.replace(/.{5}/gs, '$&\n'),
  'after so many words that it is cut': (text) => `${'word '.repeat(36)}${text}`,
};

/** Names of parameters and headers that hold no secret. */
const open =
  /^(client_id|grant_type|scope|resource|redirect_uri|client_assertion_type|token_type_hint|audience|.*_token_type|host|accept.*|client_name|client_uri|software_.*|application_type|token_endpoint_auth_method|content-.*|user-agent|connection|mcp-protocol-version|mcp-method|jsonrpc|method|id|params)$/;

/** All secrets in a request, decoded. */
function sentIn({ headers, body }: FakeRequest): string[] {
  const values = [...Object.entries(headers), ...Object.entries(body)].flatMap(([name, value]) =>
    typeof value === 'string' && !open.test(name) ? [value] : [],
  );
  return values.flatMap((value) => {
    const [scheme = '', rest = ''] = value.split(' ');
    if (scheme !== 'Basic') return [/^(Bearer|DPoP)$/.test(scheme) ? rest : value];
    const password = Buffer.from(rest, 'base64').toString().split(':').slice(1).join(':');
    return [rest, decodeURIComponent(password.replaceAll('+', ' '))];
  });
}

/** Every response is an error that repeats one of the received secrets everywhere. `turn` selects each of them in turn. */
function repeating(spell: (text: string) => string, seen: Set<string>): Respond {
  let turn = 0;
  return (request) => {
    const sent = sentIn(request);
    for (const one of sent) seen.add(one);
    const value = sent[turn++ % Math.max(sent.length, 1)] ?? '';
    const words = spell(value);
    const asHeader = words.replace(/[^\x20-\x7e]/g, '').replaceAll('"', '\\"');
    const inQuery = encodeURIComponent(words);
    return {
      // An initial access token is sent only if the server requires one.
      status: request.line.endsWith('/register') ? 401 : 400,
      headers: {
        'www-authenticate': `Bearer error="invalid_token", error_description="${asHeader}", realm="${asHeader}", error_uri="/help?${inQuery}=1&t=${inQuery}", ticket="${asHeader}", resource_metadata="/prm?of=${inQuery}#${inQuery}"`,
        location: `/elsewhere/${inQuery}?seen=${inQuery}#${inQuery}`,
        link: `</x?seen=${inQuery}>; rel="${inQuery}"`,
        refresh: `0; url=/x?seen=${inQuery}`,
        server: asHeader,
        via: asHeader,
      },
      json: {
        error: words,
        error_description: `You sent ${words}`,
        error_uri: `https://a.example/${inQuery}?seen=${inQuery}`,
        [words]: 'x',
        nested: { list: [words] },
        scope: words,
        detail: words,
      },
    };
  };
}

const mcp = 'POST /mcp';

interface Row {
  readonly what: string;
  readonly command: string;
  /** The requests whose responses repeat secrets, and the exchanges of a friendly server. */
  readonly repeats: readonly string[];
  readonly friendly?: (at: Places) => Exchange[];
  readonly store?: boolean;
  readonly act?: string;
}

const robot = '--client-id robot --name victim --no-verify';
const rows: readonly Row[] = [
  { what: 'refresh', command: 'refresh victim', repeats: ['POST /token'], store: true },
  { what: 'token', command: 'token victim', repeats: ['POST /token'], store: true },
  { what: 'logout', command: 'logout victim', repeats: ['POST /revoke', 'POST /token'], store: true },
  { what: 'doctor', command: 'doctor victim', repeats: ['POST /token', mcp], store: true },
  { what: 'doctor --json', command: 'doctor victim --json', repeats: ['POST /token', mcp], store: true },
  {
    what: 'bridge',
    command: 'bridge fresh',
    repeats: [mcp, 'GET /mcp', 'POST /token'],
    store: true,
    act: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n',
  },
  {
    what: 'bridge, of a login that cannot be renewed',
    command: 'bridge victim',
    repeats: ['POST /token'],
    store: true,
    act: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n',
  },
  { what: 'list --json', command: 'list', repeats: [], store: true },
  {
    what: 'login of the same, by client credentials',
    command: `login URL --flow client-credentials ${robot} --issuer ORIGIN`,
    repeats: ['POST /token'],
  },
  {
    what: 'login with a private key',
    command: `login URL --flow client-credentials ${robot} --private-key HOME/key.pem --issuer ORIGIN`,
    repeats: ['POST /token'],
  },
  {
    what: 'login by workload',
    command: `login URL --flow workload ${robot} --workload-token-file HOME/jwt --issuer ORIGIN`,
    repeats: ['POST /token'],
  },
  {
    what: 'login by device, at the device endpoint',
    command: `login URL --no-browser --flow device ${robot} --issuer ORIGIN`,
    repeats: ['POST /device'],
  },
  {
    what: 'login by device, at the token endpoint',
    command: `login URL --no-browser --flow device ${robot} --issuer ORIGIN --json`,
    repeats: ['POST /token'],
  },
  {
    what: 'login with a registration token',
    command: 'login URL --no-browser --flow device --name victim --issuer ORIGIN --register',
    repeats: ['POST /register'],
  },
  {
    what: 'login whose token the server refuses',
    command: 'login URL --no-browser --flow device --name victim --client-id robot --issuer ORIGIN',
    repeats: [],
    friendly: () => [],
  },
];

/** A store with two logins, one of which has expired, of a server with a personal URL and headers. */
function storeAt(origin: string): object {
  const url = `${origin}/mcp?api_key=${canaries.urlKey}&tenant=\${PERSONAL}`;
  const resource = url.replace('${PERSONAL}', canaries.variable);
  const login = (changes: object) =>
    loginAt(
      { origin, url: resource },
      {
        ...{ token: canaries.accessToken, refresh_token: canaries.refreshToken, issued_at: 1_699_990_000, client_id: 'robot' },
        ...{ revocation_endpoint: `${origin}/revoke`, requested_scope: 'read', ...changes },
      },
    );
  const headers = { 'X-Key': canaries.header, Cookie: `sid=${canaries.cookie}`, 'X-Tenant': '${PERSONAL}' };
  return {
    mcpServers: {
      victim: { type: 'http', url, headers, auth: login({ expires_at: 1_700_000_000 }) },
      fresh: {
        type: 'http',
        url: `${url}&x=1`,
        headers,
        auth: login({ resource: `${resource}&x=1` }),
      },
    },
    oauthClients: {
      [origin]: [
        {
          client_id: 'robot',
          client_secret: canaries.clientSecret,
          token_endpoint_auth_method: 'client_secret_basic',
          obtained_by: 'configuration',
        },
      ],
    },
  };
}

/** A text in every decoding that a reader may apply, reduced to its letters and digits. */
function readings(text: string): string[] {
  const decoded = (one: string) => one.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const html = (one: string) =>
    one
      .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
      .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  const json = (one: string) =>
    one.replace(/\\+u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))).replace(/\\+[nrt]/g, '');
  const named = (one: string) => one.replace(/&(amp|lt|gt|quot);/g, '');
  return [text, named(text), decoded(text), decoded(decoded(text)), decoded(decoded(decoded(text))), html(text), json(text)].map(lettersIn);
}

function lettersIn(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Parts of a secret that would be enough to guess the rest. */
function tracesOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64').slice(0, -4);
  const shifted = Buffer.from(`a:${secret}`).toString('base64').slice(4, -4);
  return [secret, base64, shifted, Buffer.from(secret).toString('hex')]
    .map((one) => lettersIn(one).slice(0, 12))
    .filter((one) => one.length > 8);
}

const table = rows.flatMap((row) =>
  Object.keys(spellings).flatMap((spelling) =>
    [false, true].map((debug) => ({ ...row, spelling, debug, flag: debug ? 'with --debug' : 'without --debug' })),
  ),
);

test.each(table)('$what $flag shows nothing that a server repeats $spelling', async ({ command, repeats, spelling, debug, store, act }) => {
  const seen = new Set<string>();
  const spell = spellings[spelling] ?? String;
  const server = await fakeServer((origin) => {
    const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];
    const grants = [
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'urn:ietf:params:oauth:grant-type:device_code',
      'refresh_token',
    ];
    const usual: Exchange[] = [
      withMetadata(origin, { token_endpoint_auth_methods_supported: methods, grant_types_supported: grants }),
      { want: 'POST /token', respond: tokens({ access_token: canaries.accessToken, refresh_token: canaries.refreshToken }) },
      { want: 'POST /device', respond: deviceCode(origin, { device_code: canaries.deviceCode }) },
    ];
    const refusing = repeating(spell, seen);
    return [
      ...repeats.map((want) => ({ want, respond: refusing })),
      ...usual.filter(({ want }) => want === discovery || !repeats.includes(want)),
    ];
  });
  const home = temporaryFolder();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(path.join(home, 'key.pem'), pem, { mode: 0o600 });
  writeFileSync(path.join(home, 'jwt'), canaries.assertion, { mode: 0o600 });
  const url = `${server.url}?api_key=${canaries.urlKey}`;
  const file = temporaryStore(store ? storeAt(server.origin) : {});
  const line = command.replace('URL', url).replaceAll('HOME', home).replaceAll('ORIGIN', server.origin);
  const hasSecret = command.includes('robot') && !command.includes('--private-key') && !command.includes('workload');
  const made = run(`${line}${debug ? ' --debug' : ''}`, {
    store: file,
    env: {
      HOME: home,
      PERSONAL: canaries.variable,
      MCP_AUTH_REGISTRATION_TOKEN: canaries.registrationToken,
      ...(hasSecret && { MCP_AUTH_CLIENT_SECRET: canaries.clientSecret }),
    },
    folder: home,
    stdin: act === undefined ? 'none' : 'open',
  });
  if (act !== undefined) {
    made.type(act);
    // The app closes stdin when it has its response.
    await vi.waitUntil(() => made.stdout.includes('"id":1'), { timeout: 20_000 });
    made.end();
  }
  await made.exit;
  const said = readings(made.stdout + made.stderr);
  expect(made.stderr).not.toContain('did not expect');
  const all = [...Object.values(canaries), ...seen, ...pem.split('\n').filter((one) => one.length > 20)];
  for (const secret of all)
    for (const trace of tracesOf(secret)) for (const text of said) expect(text, made.stdout + made.stderr).not.toContain(trace);
  if (repeats.length > 0) expect(seen.size, made.stderr).toBeGreaterThan(0);
});
