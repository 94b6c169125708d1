/** The encryption to the terminal is RFC 9180, as another implementation of it sees. */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { describe, expect, test } from 'vitest';
import { createSealKeys, encode, fromBase64Url, join, openSealed, seal, toBase64Url } from '../../src/relay-protocol/seal.js';

const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const info = encode('mcp-auth relay 1');
const context = 'session';
const texts = ['', 'code=abc&state=xyz', 'ä'.repeat(5000)];

describe.each(texts)('%.20s', (text) => {
  test('what seal makes, @hpke/core opens', async () => {
    const pair = await suite.kem.generateKeyPair();
    const publicKey = toBase64Url(new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)));
    const octets = fromBase64Url(await seal({ text, publicKey, context }));
    const recipient = { recipientKey: pair.privateKey, enc: octets.slice(0, 65), info };
    const opened = await suite.open(recipient, octets.slice(65), encode(context));
    expect(new TextDecoder().decode(opened)).toBe(text);
  });

  test('what @hpke/core makes, openSealed opens', async () => {
    const keys = await createSealKeys();
    const recipientPublicKey = await suite.kem.deserializePublicKey(fromBase64Url(keys.publicKey).buffer);
    const { enc, ct } = await suite.seal({ recipientPublicKey, info }, encode(text), encode(context));
    const sealed = toBase64Url(join(new Uint8Array(enc), new Uint8Array(ct)));
    expect(await openSealed({ sealed, keys, context })).toBe(text);
  });

  test('nobody else opens it, nor for another session, nor changed', async () => {
    const keys = await createSealKeys();
    const sealed = await seal({ text, publicKey: keys.publicKey, context });
    expect(await openSealed({ sealed, keys, context })).toBe(text);
    const changed = fromBase64Url(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const wrong of [
      { sealed, keys: await createSealKeys(), context },
      { sealed, keys, context: 'another' },
      { sealed: toBase64Url(changed), keys, context },
      { sealed: sealed.slice(0, 40), keys, context },
      { sealed: '', keys, context },
    ])
      await expect(openSealed(wrong)).rejects.toThrow();
  });
});

test('each message has a key of its own, and no text is in it', async () => {
  const { publicKey } = await createSealKeys();
  const text = 'code=secret';
  const all = await Promise.all(Array.from({ length: 20 }, () => seal({ text, publicKey, context })));
  expect(new Set(all.map((one) => one.slice(0, 80))).size).toBe(20);
  for (const one of all) expect(Buffer.from(one, 'base64url').includes(text)).toBe(false);
});
