/** Finding secrets in texts. More of it is tested in test/hostile. */
import { expect, test } from 'vitest';
import { NotedSecrets } from '../../src/secrets/secrets.js';

test.each([
  ['orangutan', 'an …, whole'],
  ['orangu…', 'an ……, whole'],
  ['oran…', 'an ……, whole'],
  // Too short to be told from other words.
  ['ora…', 'an ora…, whole'],
])('of a secret, %s is shown as it is redacted: %s', (shown, redacted) => {
  const secrets = new NotedSecrets();
  secrets.add('orangutan');
  expect(secrets.redact(`an ${shown}, whole`)).toBe(redacted);
});
