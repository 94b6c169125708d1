/** What is sealed, what it is bound to, and that nothing secret is left in the clear. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AuthError } from '../../../src/errors.js';
import { formatAttempt, openAttempt, type AttemptFile } from '../../../src/store/attempts.js';
import { formatDocument, type StoreDocument } from '../../../src/store/document.js';
import { SealCodec } from '../../../src/store/seal/codec.js';
import { createIdentity, createSeal, listRecipientsOf, openDataKey, parseIdentities } from '../../../src/store/seal/data-key.js';
import type { Seal } from '../../../src/store/seal/seal.js';
import { hasSealedMembers, isSealed } from '../../../src/store/seal/sealed-document.js';
import { Sealing, type KnownSeal } from '../../../src/store/seal/sealing.js';

const dataKey = Buffer.alloc(32, 7);
/** Its data key needs no identity here. */
const seal: Seal = { recipients: ['age1example'], key: 'armor' };
const createSealing = (key: Uint8Array = dataKey) => new Sealing(() => Promise.resolve(key));

const login = {
  type: 'bearer',
  token: 'secret-token',
  expires_at: 2_000_000_000,
  refresh_token: 'secret-refresh',
  issuer: 'https://as.example.com',
  resource: 'https://mcp.example.com/mcp',
  client_id: 'client',
  token_endpoint: 'https://as.example.com/token',
  foreign: 'kept',
};
const document = (): StoreDocument => ({
  seal,
  mcpServers: {
    one: { type: 'http', url: 'https://mcp.example.com/mcp', auth: { ...login }, headers: { 'X-Key': 'secret-header' }, note: 1 },
    bound: { url: 'https://mcp.example.com/two', auth: { ...login, type: 'dpop', dpop_key: { d: 'secret-key' } } },
    local: { command: 'node', env: { KEY: 'of another program' } },
    password: { url: 'https://mcp.example.com/three', auth: { type: 'basic', password: 'of another program', token: 'theirs' } },
  },
  oauthClients: { 'https://as.example.com': [{ client_id: 'client', client_secret: 'secret-client' }] },
  foreign: [1],
});
const secrets = ['secret-token', 'secret-refresh', 'secret-header', 'secret-key', 'secret-client'];

const omit = (object: object, ...keys: string[]) => Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

type Entry = Record<string, unknown> & { auth: Record<string, unknown> };
/** The entry of a server in a document as it is stored. */
const entryOf = (stored: StoreDocument, name: string) => stored.mcpServers?.[name] as Entry;

describe('documents', () => {
  test('secrets are sealed, and everything else stays in the clear', async () => {
    const stored = await createSealing().close(document());
    const text = JSON.stringify(stored);
    for (const secret of secrets) expect(text).not.toContain(secret);
    const { auth, note, url } = entryOf(stored, 'one');
    expect({ note, url }).toEqual({ note: 1, url: 'https://mcp.example.com/mcp' });
    const clear = omit(login, 'token', 'refresh_token');
    expect(auth).toEqual({ ...clear, sealed: expect.stringMatching(/^v1\.[\w-]+$/) as string });
    expect(entryOf(stored, 'local')).toEqual(document().mcpServers?.['local']);
    expect(entryOf(stored, 'password')).toEqual(document().mcpServers?.['password']);
    expect(await createSealing().open(stored)).toEqual(document());
  });

  test('what did not change keeps its text, octet for octet; what changed gets a new one', async () => {
    const stored = await createSealing().close(document());
    const sealing = createSealing();
    const opened = await sealing.open(JSON.parse(JSON.stringify(stored)) as StoreDocument);
    expect(formatDocument(await sealing.close(opened))).toBe(formatDocument(stored));
    entryOf(opened, 'one').auth['token'] = 'secret-token-2';
    const changed = await sealing.close(opened);
    expect(entryOf(changed, 'one').auth['sealed']).not.toBe(entryOf(stored, 'one').auth['sealed']);
    expect(entryOf(changed, 'bound')).toEqual(entryOf(stored, 'bound'));
  });

  test('the same secrets at two places look different', async () => {
    const stored = await createSealing().close({
      seal,
      mcpServers: { a: { url: 'u', auth: { ...login } }, b: { url: 'u', auth: { ...login } } },
    });
    expect(entryOf(stored, 'a').auth['sealed']).not.toBe(entryOf(stored, 'b').auth['sealed']);
  });

  const changes: Record<string, (entry: Entry, other: Entry) => void> = {
    'a login of another entry': (entry, other) => (entry.auth['sealed'] = other.auth['sealed']),
    'another URL': (entry) => (entry['url'] = 'https://evil.example.com/mcp'),
    'no URL': (entry) => delete entry['url'],
    'another resource': (entry) => (entry.auth['resource'] = 'https://evil.example.com/'),
    'no resource': (entry) => delete entry.auth['resource'],
    'another URL that it was issued for': (entry) => (entry.auth['issued_for'] = 'https://evil.example.com/'),
    'another issuer': (entry) => (entry.auth['issuer'] = 'https://evil.example.com'),
    'another token endpoint': (entry) => (entry.auth['token_endpoint'] = 'https://evil.example.com/token'),
    'a revocation endpoint': (entry) => (entry.auth['revocation_endpoint'] = 'https://evil.example.com/revoke'),
    'another network': (entry) => (entry.auth['network'] = 'loopback'),
    'another client': (entry) => (entry.auth['client_id'] = 'evil'),
    'another type': (entry) => (entry.auth['type'] = 'dpop'),
    'a flow': (entry) => (entry.auth['flow'] = 'client-credentials'),
    'a trusted issuer': (entry) => (entry['trusted_issuer'] = 'https://evil.example.com'),
    'a metadata URL': (entry) => (entry['login_options'] = { metadata_url: 'https://evil.example.com/metadata' }),
    'trusted endpoints': (entry) => (entry['login_options'] = { trust_endpoints: 'evil.example.com' }),
    'a sealed text that was cut': (entry) => (entry.auth['sealed'] = String(entry.auth['sealed']).slice(0, -4)),
    'a sealed text that was cut to nothing': (entry) => (entry.auth['sealed'] = 'v1.'),
    'a sealed text with another octet': (entry) =>
      (entry.auth['sealed'] = String(entry.auth['sealed']).replace(/^v1\.(.)/, (_, one) => `v1.${one === 'A' ? 'B' : 'A'}`)),
  };

  test.each(Object.entries(changes))('a login with %s stays sealed', async (_, change) => {
    const stored = await createSealing().close(document());
    change(entryOf(stored, 'one'), entryOf(stored, 'bound'));
    const sealing = createSealing();
    const opened = await sealing.open(stored);
    expect(isSealed(entryOf(opened, 'one'))).toBe(true);
    expect(entryOf(opened, 'one').auth['token']).toBeUndefined();
    // It harms no other entry, and is not thrown away.
    expect(entryOf(opened, 'bound').auth['token']).toBe('secret-token');
    expect(entryOf(await sealing.close(opened), 'one')).toEqual(entryOf(stored, 'one'));
  });

  test.each(Object.entries(changes))('also in a process that has opened it before: %s', async (_, change) => {
    const sealing = createSealing();
    const stored = await sealing.close(document());
    await sealing.open(structuredClone(stored));
    change(entryOf(stored, 'one'), entryOf(stored, 'bound'));
    expect(entryOf(await sealing.open(stored), 'one').auth['token']).toBeUndefined();
  });

  test('what other programs may change', async () => {
    const stored = await createSealing().close(document());
    entryOf(stored, 'one').auth['expires_at'] = 1;
    entryOf(stored, 'one')['disabled'] = true;
    entryOf(stored, 'one').auth['scope'] = 'all';
    expect(entryOf(await createSealing().open(stored), 'one').auth).toMatchObject({ token: 'secret-token', expires_at: 1, scope: 'all' });
  });

  test('a login and headers that another program has added in the clear win, and are sealed by the next change', async () => {
    const stored = await createSealing().close(document());
    entryOf(stored, 'one').auth['token'] = 'secret-theirs';
    entryOf(stored, 'one')['headers'] = { 'X-Other': 'secret-other' };
    const opened = await createSealing().open(stored);
    expect(entryOf(opened, 'one').auth).toMatchObject({ token: 'secret-theirs' });
    expect(entryOf(opened, 'one').auth).not.toHaveProperty('refresh_token');
    expect(entryOf(opened, 'one')['headers']).toEqual({ 'X-Key': 'secret-header', 'X-Other': 'secret-other' });
    const text = JSON.stringify(await createSealing().close(opened));
    expect(text).not.toMatch(/secret-(theirs|other)/);
  });

  test('headers are bound to the name and the URL; a client secret to its issuer and its server', async () => {
    const stored = await createSealing().close(document());
    entryOf(stored, 'one')['url'] = 'https://evil.example.com/';
    const clients = { 'https://evil.example.com': stored.oauthClients?.['https://as.example.com'] ?? [] };
    const opened = await createSealing().open({ ...stored, oauthClients: clients });
    expect(entryOf(opened, 'one')['headers']).toBeUndefined();
    expect(JSON.stringify(opened)).not.toMatch(/secret-(header|client)/);
  });

  test('names such as __proto__ are names', async () => {
    const text =
      '{"seal":{"recipients":[],"key":"armor"},"mcpServers":{"__proto__":{"url":"u","auth":{"token":"secret-token"}}},"__proto__":{"a":1}}';
    const stored = await createSealing().close(JSON.parse(text) as StoreDocument);
    expect(JSON.stringify(stored)).not.toContain('secret-token');
    expect(JSON.stringify(await createSealing().open(stored))).toBe(text);
  });

  test('the same client sixteen times keeps each of its sealed texts', async () => {
    const clients = Array.from({ length: 16 }, (_, index) => ({ client_id: 'same', client_secret: `secret-${index}` }));
    const stored = await createSealing().close({ seal, mcpServers: {}, oauthClients: { 'https://as.example.com': clients } });
    const sealing = createSealing();
    expect(await sealing.close(await sealing.open(structuredClone(stored)))).toEqual(stored);
  });

  const secret = fc.string({ minLength: 1 }).map((text) => `SECRET<${text}>`);
  const auth = fc.record(
    { type: fc.constantFrom('bearer', 'dpop'), token: secret, refresh_token: secret, dpop_key: fc.dictionary(fc.string(), secret) },
    { requiredKeys: [] },
  );
  const foreign = fc.dictionary(fc.string(), fc.jsonValue());
  const entry = fc
    .tuple(
      foreign,
      fc.record(
        {
          url: fc.webUrl(),
          auth: fc.tuple(foreign, auth).map(([one, two]) => ({ ...one, ...two })),
          headers: fc.dictionary(fc.string(), secret),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([one, two]) => ({ ...one, ...two }));
  const clients = fc.dictionary(
    fc.webUrl(),
    fc.array(fc.tuple(foreign, fc.record({ client_id: fc.string(), client_secret: secret })).map(([one, two]) => ({ ...one, ...two }))),
  );
  const documents = fc
    .tuple(foreign, fc.dictionary(fc.string(), entry), clients)
    .map(
      ([others, mcpServers, oauthClients]) => JSON.parse(JSON.stringify({ ...others, seal, mcpServers, oauthClients })) as StoreDocument,
    );

  test('any document is the same again, and has no secret in the clear', async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (one) => {
        const stored = await createSealing().close(structuredClone(one));
        expect(JSON.stringify(stored)).not.toContain('SECRET<');
        const sealing = createSealing();
        const opened = await sealing.open(JSON.parse(JSON.stringify(stored)) as StoreDocument);
        expect(opened).toEqual(one);
        expect(formatDocument(await sealing.close(opened))).toBe(formatDocument(stored));
      }),
      { numRuns: 300 },
    );
  });

  test('10,000 logins are opened, and closed without a change, without age for each', async () => {
    const mcpServers = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`server-${index}`, { url: `https://${index}.example.com/`, auth: { ...login } }]),
    );
    const stored = await createSealing().close({ seal, mcpServers });
    const sealing = createSealing();
    const since = performance.now();
    await sealing.close(await sealing.open(stored));
    const cold = performance.now() - since;
    await sealing.close(await sealing.open(stored));
    process.stdout.write(
      `10,000 logins: opened and closed in ${cold.toFixed()} ms, again in ${(performance.now() - since - cold).toFixed()} ms\n`,
    );
    expect(cold).toBeLessThan(5000);
  });
});

describe('a store without its seal', () => {
  const createMark = (known?: KnownSeal) => {
    const mark = { known, read: () => mark.known, write: (one: KnownSeal | undefined) => void (mark.known = one) };
    return mark;
  };

  test('a document that was never sealed is returned as it is', async () => {
    const plain = omit(document(), 'seal');
    expect(await createSealing().open(plain)).toBe(plain);
    expect(await createSealing().close(plain)).toBe(plain);
  });

  test.each(['one', 'client'])('what is sealed in a document without a seal is an error: %s', async (which) => {
    const { mcpServers, oauthClients } = await createSealing().close(document());
    const stripped = which === 'one' ? { mcpServers: { one: mcpServers?.['one'] ?? {} } } : { oauthClients: oauthClients ?? {} };
    expect(hasSealedMembers(stripped)).toBe(true);
    await expect(createSealing().open(stripped)).rejects.toMatchObject({
      code: 'seal_broken',
      hint: expect.stringContaining('mcp-auth seal') as string,
    });
  });

  test('this machine remembers that it was sealed', async () => {
    const mark = createMark();
    const sealing = new Sealing(() => Promise.resolve(dataKey), mark);
    await sealing.open(await sealing.close(document()));
    expect(mark.known).toMatchObject({ recipients: ['age1example'], fingerprint: new SealCodec(dataKey).fingerprint });
    await expect(sealing.open({ mcpServers: {} })).rejects.toMatchObject({ code: 'seal_broken' });
    await sealing.expect(undefined);
    expect(await sealing.open({ mcpServers: {} })).toEqual({ mcpServers: {} });
  });

  test('and by which data key: anyone can seal to the same recipients', async () => {
    const mark = createMark();
    const theirs = Buffer.alloc(32, 8);
    const sealing = new Sealing(({ key }) => Promise.resolve(key === 'theirs' ? theirs : dataKey), mark);
    await sealing.open(await sealing.close(document()));
    const replaced = { ...document(), seal: { ...seal, key: 'theirs' } };
    await expect(sealing.open(replaced)).rejects.toMatchObject({
      code: 'seal_broken',
      hint: expect.stringContaining('--accept') as string,
    });
    await sealing.expect(replaced.seal);
    await expect(sealing.open(replaced)).resolves.toBeDefined();
  });

  test.each([
    { seal: 'x' },
    { seal: null },
    { seal: {} },
    { seal: { recipients: 'age1', key: 'k' } },
    { seal: { recipients: [], key: '' } },
  ])('a damaged seal is an error: %j', async (one) => {
    await expect(createSealing().open(one)).rejects.toMatchObject({ code: 'seal_broken' });
  });
});

describe('texts', () => {
  test('an attempt opens at its place only, and without a seal it is as it was', async () => {
    const attempt = { format: 2, attempt: 'abcd1234', server: 'a', started_at: 1, expires_at: 2, verifier: 'secret' };
    const codec = await createSealing().codec(seal);
    expect(formatAttempt(attempt, undefined)).toBe(JSON.stringify(attempt));
    const sealed = formatAttempt(attempt, codec);
    expect(sealed).not.toContain('secret');
    const stored = JSON.parse(sealed) as AttemptFile;
    expect(openAttempt(stored, await createSealing().codec(seal))).toEqual([attempt]);
    expect(openAttempt(attempt, codec)).toEqual([attempt]);
    expect(openAttempt({ ...stored, server: 'b' }, codec)).toEqual([]);
    expect(openAttempt({ ...stored, attempt: 'other123' }, codec)).toEqual([]);
    expect(openAttempt(stored, undefined)).toEqual([stored]);
    expect(openAttempt(stored, await createSealing(Buffer.alloc(32, 9)).codec(seal))).toEqual([]);
  });

  test('an identity that is taken away is not used any longer', async () => {
    let hasIdentity = true;
    const sealing = new Sealing(() => (hasIdentity ? Promise.resolve(dataKey) : Promise.reject(new Error('locked'))));
    const stored = await sealing.close(document());
    hasIdentity = false;
    await expect(sealing.open(stored)).rejects.toThrow('locked');
    await expect(sealing.close(document())).rejects.toThrow('locked');
  });
});

describe('data keys', () => {
  test('each recipient opens the same data key, and no other identity does', async () => {
    const [one, two, other] = await Promise.all([createIdentity(0), createIdentity(0), createIdentity(0)]);
    const made = await createSeal([one.recipient, two.recipient, one.recipient], dataKey);
    expect(made.recipients).toEqual([one.recipient, two.recipient]);
    expect(Buffer.from(await openDataKey(made, one.text, 'It'))).toEqual(dataKey);
    expect(Buffer.from(await openDataKey(made, `${other.text}\n\n# comment\n${two.text}`, 'It'))).toEqual(dataKey);
    await expect(openDataKey(made, other.text, 'The file /x')).rejects.toMatchObject({
      code: 'identity_needed',
      message: 'The file /x does not open the store.',
      hint: expect.stringContaining(one.recipient) as string,
    });
  });

  test('a recipient that another program adds to the list is an error', async () => {
    const [one, other] = await Promise.all([createIdentity(0), createIdentity(0)]);
    const made = await createSeal([one.recipient]);
    const changed = { ...made, recipients: [...made.recipients, other.recipient] };
    await expect(openDataKey(changed, one.text, 'It')).rejects.toMatchObject({ code: 'seal_broken' });
  });

  test('a new seal has a new data key', async () => {
    const { text, recipient } = await createIdentity(0);
    const [one, two] = await Promise.all([createSeal([recipient]), createSeal([recipient])]);
    expect(await openDataKey(one, text, 'It')).not.toEqual(await openDataKey(two, text, 'It'));
  });

  test.each([
    '',
    '# only a comment\n',
    'ssh-ed25519 AAAA',
    'AGE-SECRET-KEY-1',
    'AGE-PLUGIN-YUBIKEY-1QQQQ',
    '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n',
  ])('identities that are none: %j', (text) => {
    expect(() => parseIdentities(text, 'The file /x')).toThrow(expect.objectContaining({ code: 'identity_needed' }) as Error);
  });

  test('no error repeats an identity', async () => {
    const { text } = await createIdentity(0);
    const identity = /AGE-SECRET.*/.exec(text)?.[0] ?? '';
    const wrong = `${identity.slice(0, -1)}${identity.endsWith('Q') ? 'P' : 'Q'}`;
    const made = await createSeal([(await createIdentity(0)).recipient]);
    for (const attempt of [() => createSeal([identity]), () => openDataKey(made, wrong, 'It'), () => listRecipientsOf(wrong, 'It')]) {
      const failure = await attempt().catch((error: unknown) => error as AuthError);
      expect(failure).toBeInstanceOf(AuthError);
      const { message, hint } = failure as AuthError;
      expect(`${message} ${hint}`).not.toContain(identity.slice(20, 50));
    }
  });

  test.each(['not armor', '-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n'])(
    'a data key that is damaged: %j',
    async (key) => {
      const { text } = await createIdentity(0);
      await expect(openDataKey({ recipients: [], key }, text, 'It')).rejects.toMatchObject({
        code: expect.stringMatching(/seal_broken|identity_needed/) as string,
      });
    },
  );
});

const hasAge = existsSync('/usr/bin/age') && existsSync('/usr/bin/age-keygen');
if (!hasAge) process.stdout.write('Skipped: the tests with age, which is not installed (apt-get install age).\n');

describe.skipIf(!hasAge)('the program age', () => {
  const runAge = (program: string, words: readonly string[], input?: string) => {
    const { stdout, stderr, status } = spawnSync(program, words, { input, encoding: 'latin1' });
    expect(stderr.replace(/Public key: .*\n/, ''), program).toBe('');
    expect(status).toBe(0);
    return stdout;
  };

  test('opens the data key with an identity of ours', async () => {
    const { text, recipient } = await createIdentity(0);
    const { key } = await createSeal([recipient], dataKey);
    expect(runAge('age-keygen', ['-y'], text).trim()).toBe(recipient);
    const opened = spawnSync('bash', ['-c', 'age -d -i <(printf %s "$1") <<< "$2"', 'bash', text, key]).stdout;
    expect(opened.subarray(0, 32)).toEqual(dataKey);
  });

  test('makes identities that we read', async () => {
    const text = runAge('age-keygen', []);
    const [recipient = ''] = await listRecipientsOf(text, 'It');
    expect(text).toContain(recipient);
    expect(Buffer.from(await openDataKey(await createSeal([recipient], dataKey), text, 'It'))).toEqual(dataKey);
  });
});
