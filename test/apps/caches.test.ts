/** Apps' own caches of tokens: what is written is what the app was seen to read. */
import { expect, test } from 'vitest';
import type { CopiedLogin, AppEnvironment } from '../../src/apps/app.js';
import { apps, findApp } from '../../src/apps/index.js';

const place: AppEnvironment = { home: '/home/ada', folder: '/work', platform: 'linux', variables: {}, texts: new Map() };
const login: CopiedLogin = {
  name: 'linear',
  url: 'https://mcp.linear.app/mcp',
  accessToken: 'a',
  refreshToken: 'r',
  expiresAtSeconds: 1_790_003_600,
  scope: 'read write',
  issuer: 'https://as.example',
  clientId: 'c',
  clientSecret: 's',
  tokenEndpoint: 'https://as.example/token',
  nowSeconds: 1_790_000_000,
};

const written = (name: string, text = '') =>
  (findApp(name).cache?.files(place, login) ?? []).map(({ path, put }) => [path, JSON.parse(put(text)) as unknown]);

test('Claude Code', () => {
  expect(written('claude-code', '{"claudeAiOauth": {"accessToken": "theirs"}}')).toEqual([
    [
      '/home/ada/.claude/.credentials.json',
      {
        claudeAiOauth: { accessToken: 'theirs' },
        mcpOAuth: {
          'linear|638130d5ab3558f4': {
            ...{ serverName: 'linear', serverUrl: login.url, accessToken: 'a', refreshToken: 'r', expiresAt: 1_790_003_600_000 },
            ...{ clientId: 'c', scope: 'read write' },
          },
        },
      },
    ],
  ]);
});

test('Codex', () => {
  expect(written('codex')).toEqual([
    [
      '/home/ada/.codex/.credentials.json',
      {
        'linear|638130d5ab3558f4': {
          ...{ server_name: 'linear', server_url: login.url, issuer: 'https://as.example', client_id: 'c', access_token: 'a' },
          ...{ expires_at: 1_790_003_600_000, refresh_token: 'r', scopes: ['read', 'write'] },
        },
      },
    ],
  ]);
});

test('Gemini CLI', () => {
  expect(written('gemini', '[{"serverName": "other"}, {"serverName": "linear", "old": 1}]')).toEqual([
    [
      '/home/ada/.gemini/mcp-oauth-tokens.json',
      [
        { serverName: 'other' },
        {
          serverName: 'linear',
          token: { accessToken: 'a', tokenType: 'Bearer', refreshToken: 'r', scope: 'read write', expiresAt: 1_790_003_600_000 },
          ...{ clientId: 'c', tokenUrl: 'https://as.example/token', mcpServerUrl: login.url, updatedAt: 1_790_000_000_000 },
        },
      ],
    ],
  ]);
});

test('opencode', () => {
  expect(written('opencode')).toEqual([
    [
      '/home/ada/.local/share/opencode/mcp-auth.json',
      {
        linear: {
          serverUrl: login.url,
          tokens: { accessToken: 'a', refreshToken: 'r', expiresAt: 1_790_003_600, scope: 'read write' },
          clientInfo: { clientId: 'c', clientSecret: 's' },
        },
      },
    ],
  ]);
});

test.each([
  { app: 'qwen', file: '/home/ada/.qwen/mcp-oauth-tokens.json', like: 'gemini' },
  { app: 'kilo', file: '/home/ada/.local/share/kilo/mcp-auth.json', like: 'opencode' },
])('$app has the form of $like in a file of its own', ({ app, file, like }) => {
  const [its, other] = [app, like].map((name) => written(name)[0] ?? []);
  expect(its).toEqual([file, other?.[1]]);
});

test('Cline, in the entry itself', () => {
  expect(written('cline', '{"mcpServers": {"linear": {"type": "streamableHttp", "url": "https://mcp.linear.app/mcp"}}}')).toEqual([
    [
      '/home/ada/.cline/data/settings/cline_mcp_settings.json',
      {
        mcpServers: {
          linear: {
            type: 'streamableHttp',
            url: login.url,
            oauth: {
              clientInformation: { client_id: 'c', client_secret: 's' },
              tokens: { access_token: 'a', token_type: 'Bearer', refresh_token: 'r', expires_in: 3600, scope: 'read write' },
              lastAuthenticatedAt: 1_790_000_000_000,
            },
          },
        },
      },
    ],
  ]);
});

test('mcp-remote: a file for the tokens, and one for the client', () => {
  const [tokens, client] = written('mcp-remote');
  expect(tokens).toEqual([
    expect.stringMatching(/^\/home\/ada\/\.mcp-auth\/mcp-remote-v1\/[0-9a-f]{32}_tokens\.json$/),
    {
      ...{ access_token: 'a', token_type: 'Bearer', refresh_token: 'r', expires_in: 3600, expires_at: 1_790_003_600_000 },
      ...{ scope: 'read write', issuer: 'https://as.example' },
    },
  ]);
  expect(client?.[1]).toMatchObject({
    client_id: 'c',
    client_secret: 's',
    redirect_uris: [expect.stringMatching(/^http:\/\/localhost:\d+\/oauth\/callback$/)],
  });
});

test.each(apps.filter((app) => app.cache !== undefined).map((app) => ({ name: app.name, app })))(
  'what $name has is read back',
  ({ app }) => {
    const [file] = app.cache?.files(place, login) ?? [];
    const text = file?.put(app.name === 'cline' ? `{"mcpServers": {"linear": {"url": "${login.url}"}}}` : '') ?? '';
    const [source] = app.cache?.sources(place, [{ name: 'linear', url: login.url }]) ?? [];
    expect(source?.path).toBe(file?.path);
    const [found] = source?.read(text) ?? [];
    expect(found).toMatchObject({
      name: 'linear',
      url: login.url,
      accessToken: 'a',
      refreshToken: 'r',
      expiresAtSeconds: 1_790_003_600,
      scope: 'read write',
    });
  },
);
