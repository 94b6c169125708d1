/** Taking a login out of the store again must not touch what another process has stored in the meantime. */
import { expect, test } from 'vitest';
import type { StoreDocument } from '../../src/store/document.js';
import { takeLoginSnapshot, undoLogin } from '../../src/store/undo-login.js';

const issuer = 'https://auth.example.com';
const client = { client_id: 'new' };
const auth = { type: 'bearer', token: 'a', refresh_token: 'r', issuer, client_id: 'new' };
const server = { url: 'https://mcp.example.com/mcp' };

/** A store before and after a login to `mine`, and what `change` does to it afterwards. */
function undoAfter(change: (document: StoreDocument) => void) {
  const former: StoreDocument = { mcpServers: { mine: { ...server } } };
  const document: StoreDocument = { mcpServers: { mine: { ...server, auth: { ...auth } } }, oauthClients: { [issuer]: [client] } };
  const [before, after] = [former, document].map((one) => takeLoginSnapshot({ name: 'mine', issuers: [issuer] }, one));
  if (before === undefined || after === undefined) throw new Error('no snapshot');
  change(document);
  return { isUndone: undoLogin(document, { name: 'mine', before, after }), document };
}

test('without another change, the store is as it was', () => {
  expect(undoAfter(() => undefined)).toEqual({ isUndone: true, document: { mcpServers: { mine: server } } });
});

test('a login whose refresh token was replaced stays, although its access token is the same', () => {
  const renewed = { ...auth, refresh_token: 'r2' };
  const { isUndone, document } = undoAfter(({ mcpServers = {} }) => (mcpServers['mine'] = { ...server, auth: { ...renewed } }));
  expect(isUndone).toBe(false);
  expect(document.mcpServers?.['mine']?.auth).toEqual(renewed);
});

test.each([
  ['as its client', { issuer, client_id: 'new' }],
  ['at its identity provider', { issuer: 'https://other.example', identity_provider: issuer, identity_provider_client_id: 'new' }],
])('a client stays that another login uses %s', (_, members) => {
  const { document } = undoAfter(({ mcpServers = {} }) => (mcpServers['other'] = { ...server, auth: { ...auth, ...members } }));
  expect(document.oauthClients).toEqual({ [issuer]: [client] });
});

test('a client that no login uses is removed, also if another server was added', () => {
  const { document } = undoAfter(({ mcpServers = {} }) => (mcpServers['other'] = { url: 'https://other.example/mcp' }));
  expect(document).toEqual({ mcpServers: { mine: server, other: { url: 'https://other.example/mcp' } } });
});
