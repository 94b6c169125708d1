/** Following a hint helps: every option that a hint names is tried here, or listed with the reason why not. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { guarded } from '../helpers/fake-mcp.js';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { logInByPaste } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const source = path.resolve(import.meta.dirname, '../../src');
const oauth = 'GET /.well-known/oauth-authorization-server';
const noDevice = { device_authorization_endpoint: undefined };
const withMetadata = (origin: string, changes: Record<string, unknown>): Exchange => ({
  want: oauth,
  respond: { json: metadata(origin, { ...noDevice, ...changes }) },
});
const absent = (want: string): Exchange => ({ want, respond: { status: 404 } });
const asUsual = (origin: string): Exchange =>
  guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } });

interface Situation {
  readonly what: string;
  /** The options that the hint names and that are then used. */
  readonly options: readonly string[];
  readonly change?: (origin: string) => Exchange[];
  /** Words of the command that fails, after `login URL`, and of the one that does what the hint says. */
  readonly words?: readonly string[];
  readonly then: (origin: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly answer?: (request: URLSearchParams) => Readonly<Record<string, string | undefined>>;
  /** What the store holds. */
  readonly store?: (origin: string) => object;
  readonly hint: RegExp;
}

/** Logins by paste: the first fails with a hint; the second follows it, and succeeds. */
const situations: readonly Situation[] = [
  {
    what: 'PKCE is not mentioned',
    options: ['--allow-missing-pkce-metadata'],
    change: (origin) => [withMetadata(origin, { code_challenge_methods_supported: undefined })],
    hint: /pass --allow-missing-pkce-metadata/,
    then: () => ['--allow-missing-pkce-metadata'],
  },
  {
    what: 'the resource is refused',
    options: ['--resource'],
    change: (origin) => [withMetadata(origin, {})],
    answer: (request) => (request.has('resource') ? { error: 'invalid_target' } : { code: 'c' }),
    hint: /--resource none/,
    then: () => ['--resource', 'none'],
  },
  {
    what: 'the resource is refused in a vendor’s words',
    options: ['--resource'],
    change: (origin) => [withMetadata(origin, {})],
    answer: (request) =>
      request.has('resource') ? { error: 'invalid_request', error_description: 'AADSTS901002: not supported' } : { code: 'c' },
    hint: /--resource none/,
    then: () => ['--resource', 'none'],
  },
  {
    what: 'a scope is refused',
    options: ['--scope'],
    change: (origin) => [
      withMetadata(origin, {}),
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['a', 'b'] } } },
    ],
    answer: (request) => (request.get('scope') === 'a' ? { code: 'c' } : { error: 'invalid_scope' }),
    hint: /with --scope/,
    then: () => ['--scope', 'a'],
  },
  {
    what: 'offline_access is refused',
    options: ['--no-offline-access'],
    change: (origin) => [withMetadata(origin, { scopes_supported: ['offline_access'] })],
    answer: (request) => (request.has('scope') ? { error: 'invalid_scope' } : { code: 'c' }),
    hint: /--no-offline-access/,
    then: () => ['--no-offline-access'],
  },
  {
    what: 'the prompt is refused',
    options: ['--prompt'],
    change: (origin) => [withMetadata(origin, { scopes_supported: ['offline_access'] })],
    answer: (request) =>
      request.has('prompt') ? { error: 'access_denied', error_description: 'AADSTS90095: Admin consent is required' } : { code: 'c' },
    hint: /with --prompt none/,
    then: () => ['--prompt', 'none'],
  },
  {
    what: 'an audience is wanted',
    options: ['--authorize-param'],
    change: (origin) => [withMetadata(origin, {})],
    answer: (request) =>
      request.get('audience') === 'https://api.example'
        ? { code: 'c' }
        : { error: 'invalid_request', error_description: 'Missing audience' },
    hint: /--authorize-param audience=URL/,
    then: () => ['--authorize-param', 'audience=https://api.example'],
  },
  {
    what: 'a key comes without its certificate',
    options: ['--client-cert'],
    words: ['--client-key', 'FOLDER/broken.json'],
    hint: /Add --client-cert FILE/,
    // With both, what is wrong with them is told before anything is asked; test/e2e/mtls has the rest.
    then: () => [],
  },
  {
    what: 'the issuer is another than asked',
    options: ['--trust-issuer'],
    change: (origin) => [withMetadata(origin, { issuer: 'http://localhost:9/id' })],
    hint: /pass --trust-issuer URL/,
    then: () => ['--trust-issuer', 'http://localhost:9/id'],
  },
  {
    what: 'the resource is called otherwise',
    options: ['--trust-resource'],
    change: (origin) => [
      withMetadata(origin, {}),
      { want: 'GET /prm', respond: { json: { resource: 'https://other.example/mcp', authorization_servers: [origin] } } },
    ],
    hint: /pass --trust-resource URL/,
    then: () => ['--trust-resource', 'https://other.example/mcp'],
  },
  {
    what: 'an endpoint is on another site',
    options: ['--trust-endpoints'],
    change: (origin) => [withMetadata(origin, { revocation_endpoint: 'https://login.other.example/revoke' })],
    hint: /pass --trust-endpoints login\.other\.example/,
    then: () => ['--trust-endpoints', 'login.other.example'],
  },
  {
    what: 'the metadata is elsewhere',
    options: ['--metadata-url'],
    change: (origin) => [absent(oauth), { want: 'GET /elsewhere', respond: { json: metadata(origin, noDevice) } }],
    hint: /pass --metadata-url URL/,
    then: (origin) => ['--metadata-url', `${origin}/elsewhere`],
  },
  {
    what: 'the metadata is not where it was said to be',
    options: ['--metadata-url'],
    change: (origin) => [withMetadata(origin, {})],
    words: ['--metadata-url', 'ORIGIN/nothing'],
    hint: /--metadata-url default/,
    then: () => ['--metadata-url', 'default'],
  },
  {
    what: 'no authorization server is named, and the status says nothing',
    options: ['--issuer'],
    change: (origin) => [
      guarded({ status: 403 }),
      absent('GET /prm'),
      absent(oauth),
      { want: `${oauth}/tenant`, respond: { json: metadata(origin, { issuer: `${origin}/tenant`, ...noDevice }) } },
    ],
    hint: /--issuer URL/,
    then: (origin) => ['--issuer', `${origin}/tenant`],
  },
  {
    what: 'another authorization server is meant than the server names',
    options: ['--trust-issuer', '--issuer'],
    change: (origin) => [
      withMetadata(origin, {}),
      { want: `${oauth}/tenant`, respond: { json: metadata(origin, { issuer: `${origin}/tenant`, ...noDevice }) } },
    ],
    words: ['--issuer', 'ORIGIN/tenant'],
    hint: /pass --trust-issuer with the same URL/,
    then: (origin) => ['--issuer', `${origin}/tenant`, '--trust-issuer', `${origin}/tenant`],
  },
  {
    what: 'no client may register',
    options: ['--client-id'],
    change: (origin) => [withMetadata(origin, { registration_endpoint: undefined })],
    hint: /pass --client-id ID/,
    then: () => ['--client-id', 'mine'],
  },
  {
    what: 'clients register by a document',
    options: ['--client-metadata-url'],
    change: (origin) => [withMetadata(origin, { registration_endpoint: undefined, client_id_metadata_document_supported: true })],
    hint: /--client-metadata-url URL/,
    then: () => ['--client-metadata-url', 'https://mine.example/client.json'],
  },
  {
    what: 'registration is refused',
    options: ['--client-id'],
    change: (origin) => [withMetadata(origin, {}), { want: 'POST /register', respond: { status: 403, json: { error: 'access_denied' } } }],
    hint: /pass --client-id ID/,
    then: () => ['--client-id', 'mine'],
  },
  {
    what: 'registration wants a token',
    options: ['--issuer'],
    change: (origin) => [
      withMetadata(origin, {}),
      {
        want: 'POST /register',
        respond: ({ headers, body }) =>
          headers.authorization === 'Bearer initial'
            ? { status: 201, json: { ...body, client_id: 'c' } }
            : { status: 401, json: { error: 'invalid_token' } },
      },
    ],
    hint: /set MCP_AUTH_REGISTRATION_TOKEN and pass --issuer/,
    then: (origin) => ['--issuer', origin],
    env: { MCP_AUTH_REGISTRATION_TOKEN: 'initial' },
  },
  {
    what: 'there are as many clients as there may be',
    options: ['--client-id'],
    change: (origin) => [
      withMetadata(origin, {}),
      {
        want: 'POST /register',
        respond: { status: 503, json: { error: 'server_error', error_description: 'maximum number of clients reached' } },
      },
    ],
    hint: /maximum number of clients reached[^]*pass --client-id ID/,
    then: () => ['--client-id', 'mine'],
  },
  {
    what: 'the client is refused',
    options: ['--register'],
    change: (origin) => [
      withMetadata(origin, {}),
      {
        want: 'POST /token',
        respond: ({ body }) =>
          body['client_id'] === 'client-1'
            ? { json: { access_token: 'access-1', token_type: 'Bearer' } }
            : { status: 401, json: { error: 'invalid_client' } },
      },
    ],
    words: ['--client-id', 'wrong'],
    hint: /--register/,
    then: () => ['--register'],
  },
  {
    what: 'the token is refused',
    options: ['--no-verify'],
    change: (origin) => [
      withMetadata(origin, {}),
      { want: 'POST /mcp', respond: { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } } },
    ],
    hint: /With --no-verify/,
    then: () => ['--no-verify'],
  },
  {
    what: 'the token is refused for its scope',
    options: ['--scope', '--resource'],
    change: (origin) => [
      withMetadata(origin, {}),
      { want: 'POST /token', respond: { json: { access_token: 'other-1', token_type: 'Bearer' } } },
      {
        want: 'POST /mcp',
        respond: ({ headers }) =>
          headers.authorization === undefined
            ? { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }
            : { status: 403 },
      },
    ],
    hint: /--scope\).*--resource\)/,
    // Asked for otherwise: what then comes of it is the server's.
    then: () => ['--scope', 'more', '--resource', 'none', '--no-verify'],
  },
  {
    what: 'the name is another server’s',
    options: ['--name'],
    change: (origin) => [withMetadata(origin, {})],
    store: () => ({ mcpServers: { fake: { url: 'https://other.example/mcp' } } }),
    words: ['--name', 'fake'],
    hint: /with --name/,
    then: () => ['--name', 'another'],
  },
  {
    what: 'the server has an API key',
    options: ['--name'],
    change: (origin) => [withMetadata(origin, {})],
    store: (origin) => ({ mcpServers: { fake: { url: `${origin}/mcp`, auth: { type: 'api_key', key: 'k' } } } }),
    words: ['--name', 'fake'],
    hint: /--name NAME/,
    then: () => ['--name', 'another'],
  },
  {
    what: 'the store cannot be read',
    options: ['--store'],
    change: (origin) => [withMetadata(origin, {})],
    words: ['--store', 'FOLDER/broken.json'],
    hint: /--store FILE/,
    then: () => ['--store', 'FOLDER/other.json'],
  },
];

const walked = new Set(situations.flatMap(({ options }) => options));

/** Options that hints name and that are walked elsewhere, or by which nothing fails. */
const elsewhere: Readonly<Record<string, string>> = {
  '--accept': 'test/commands/sealed: a new key from another machine',
  '--allow-private-network': 'test/hostile/network: an address in a private network is let in with it',
  '--as': 'test/commands/connect: another name in the app',
  '--background': 'test/e2e/agent-ssh: an agent that ssh starts',
  '--callback-port': 'test/commands/login: the port of the redirect URI',
  '--challenge': 'test/oauth/scope: a step-up with the challenge that the hint has',
  '--client-cert': 'test/e2e/mtls: the server lets us in with it',
  '--client-key': 'test/e2e/mtls: the server lets us in with it',
  '--client-secret-stdin': 'test/oauth/client-authentication: the secret by stdin',
  '--finish': 'test/commands/two-steps: the second half of a login',
  '--flow': 'test/commands/login: paste where a device code is refused',
  '--header': 'test/reports/options: a server that rejects requests without its header',
  '--help': 'test/cli: help',
  '--how': 'test/commands/connect: the bridge for a DPoP-bound token',
  '--identity-provider': 'test/oauth/machine-logins: a token that does not say who gave it',
  '--identity-provider-client-id': 'test/oauth/machine-logins: a token that does not say who gave it',
  '--json': 'test/commands/list: what a script reads',
  '--lend-tokens': 'test/e2e/agent-ssh: tokens that are lent',
  '--list': 'test/commands/connect: the apps',
  '--listen': 'test/e2e/relay: a relay behind a proxy',
  '--new-identity': 'test/commands/sealed: a new identity',
  '--no-relay': 'test/relay/login: a registration without the relay',
  '--move': 'test/commands/transfer: a login that moves',
  '--private-key': 'test/oauth/client-authentication: a key in place of a secret',
  '--recipient': 'test/commands/sealed: a store that this machine could not open',
  '--replace': 'test/commands/transfer: a login in place of one that is here',
  '--public-url': 'test/e2e/relay: a relay behind a proxy',
  '--redis': 'test/e2e/relay: two relays on one Redis',
  '--refused': 'test/session: a rejected token is renewed once, however many processes report it',
  '--redirect-uri': 'test/vendors: Slack and Salesforce, by what their records say',
  '--start': 'test/commands/two-steps: the first half of a login',
  '--timeout': 'test/commands/login: more time',
  '--tokens': 'test/commands/add: servers without their logins',
  '--unset': 'test/commands/config: a preference that is removed',
  '--url': 'test/commands/list: headers by a URL',
  '--write': 'test/commands/refresh: the unit is printed without it',
  '--yes': 'test/commands/sealed: unseal without a question',
};

/** The options in the texts of hints, found in the source: of a property, a constant, a function or a parameter that is called so. */
function optionsInHints(): string[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const found = new Set<string>();
  for (const file of files) {
    const tree = ts.createSourceFile(file, readFileSync(path.join(source, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node, isHint: boolean): void => {
      const named =
        ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node)
          ? node.name?.getText()
          : undefined;
      const inside = isHint || /hint/i.test(named ?? '') || (named === 'registration' && file.includes('vendors'));
      const text = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) ? node.text : '';
      if (inside) for (const [option] of text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)) found.add(option);
      ts.forEachChild(node, (child) => visit(child, inside));
    };
    visit(tree, false);
  }
  return [...found].sort();
}

describe('Dead-end hints', () => {
  test('every option that a hint names is walked, here or elsewhere', () => {
    const named = optionsInHints();
    expect(named.length).toBeGreaterThan(25);
    expect(named.filter((option) => !walked.has(option) && !(option in elsewhere))).toEqual([]);
    // What no hint names any more is not said to be walked elsewhere.
    expect(Object.keys(elsewhere).filter((option) => !named.includes(option))).toEqual([]);
    for (const where of Object.values(elsewhere))
      expect(readdirSync(path.resolve(import.meta.dirname, '..')).length, where).toBeGreaterThan(0);
  });

  test.each(situations)('$what: $options', async ({ change, words = [], then, env = {}, answer, hint, options, ...row }) => {
    const server = await fakeServer((origin) => {
      const changed = change?.(origin) ?? [];
      return changed.some(({ want }) => want === 'POST /mcp') ? changed : [...changed, asUsual(origin)];
    });
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'broken.json'), 'no JSON', { mode: 0o600 });
    const filled = (all: readonly string[]) => all.map((word) => word.replace('ORIGIN', server.origin).replace('FOLDER', folder));
    const store = temporaryStore(row.store?.(server.origin));
    const first = await logInByPaste([server.url, ...filled(words)], { store, ...(answer && { answer }) });
    expect(first.exit).not.toBe(0);
    expect(first.command.stderr).toMatch(hint);
    for (const option of options) expect(first.command.stderr).toContain(option);
    const second = await logInByPaste([server.url, ...filled(then(server.origin))], { store, env, ...(answer && { answer }) });
    expect(second.exit, second.command.stderr).toBe(0);
  });

  test('a hint of a way that the server does not have is not given', async () => {
    const server = await fakeServer((origin) => [asUsual(origin), withMetadata(origin, { registration_endpoint: undefined })]);
    const login = run(`login ${server.url} --no-browser`, { store: temporaryStore() });
    expect(await login.exit).toBe(1);
    expect(login.stderr).not.toContain('--client-metadata-url');
  });
});
