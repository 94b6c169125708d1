/** The names on disk are an interface: other programs and older versions read them. */
import { expect, test } from 'vitest';
import { loginMembers } from '../../src/store/login-members.js';
import { openPreferences } from '../../src/store/preferences.js';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../helpers/folder.js';

test('the members of a login keep their names in the store', () => {
  expect(Object.values(loginMembers).map(([key]) => key)).toEqual([
    ...['token', 'expires_at', 'issued_at', 'refresh_token', 'scope', 'issuer', 'resource', 'issued_for', 'client_id'],
    ...['token_endpoint', 'revocation_endpoint', 'network', 'requested_scope', 'step_ups', 'ended_at', 'renewals', 'renewals_since'],
    ...['refusals', 'dpop_key', 'flow', 'workload_token_file', 'id_token_file', 'identity_provider', 'identity_provider_client_id'],
    'imported_with',
  ]);
});

test('a preference that is not a string counts as not set', async () => {
  const file = path.join(temporaryFolder(), 'preferences.json');
  writeFileSync(file, '{"client-metadata-url": 7, "other": "kept"}');
  expect(await openPreferences(file).read()).toEqual({ other: 'kept' });
});
