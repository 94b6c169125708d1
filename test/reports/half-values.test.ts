/** Challenges, scopes and addresses of servers that are incomplete or malformed. */
import { describe, expect, test } from 'vitest';
import { parseChallenge } from '../../src/oauth/challenge.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { asUsual } from './answering.js';

describe('Half a value followed', () => {
  const at = 'https://a.example/prm?x=1';
  test.each([
    `Bearer resource_metadata=${at}`,
    `Bearer resource_metadata='${at}'`,
    `Bearer realm=x, resource_metadata=${at}, scope="a b"`,
    `Bearer realm="x" resource_metadata="${at}"`,
    `Bearer error='invalid_token'; resource_metadata='${at}'`,
    `bearer resource_metadata = "${at}"`,
    `Basic realm="x", Bearer resource_metadata=${at}`,
    `Negotiate, Bearer resource_metadata=${at}`,
  ])('%s', (header) => {
    expect(parseChallenge(header)?.resourceMetadata).toBe(at);
  });

  test('scopes without quotes are several', () => {
    expect(parseChallenge('Bearer scope=read write, error=insufficient_scope')).toMatchObject({
      scope: 'read write',
      error: 'insufficient_scope',
    });
  });

  test('a header of any length is parsed; test/hostile/linear has the time that it takes', () => {
    for (const piece of ['a', ' ', 'a=', 'a="', 'Bearer ', "a='b", 'a,', '\\"'])
      expect(() => parseChallenge(`Bearer ${piece.repeat(500_000)}?`)).not.toThrow();
  });

  test.each([
    { uri: '/activate', shown: '/activate' },
    { uri: 'activate', shown: '/activate' },
    { uri: '//HOST/activate', shown: '/activate' },
    { uri: ' ORIGIN/activate ', shown: '/activate' },
  ])('a verification URI as $uri is shown whole', async ({ uri, shown }) => {
    const server = await fakeServer((origin) => [
      asUsual(origin),
      {
        want: 'POST /device',
        respond: {
          json: {
            device_code: 'd',
            user_code: 'WDJB-MJHT',
            verification_uri: uri.replace('ORIGIN', origin).replace('HOST', new URL(origin).host),
            expires_in: 600,
            interval: 5,
          },
        },
      },
    ]);
    const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
    expect(await login.exit, login.stderr).toBe(0);
    expect(login.stderr).toContain(`\n${server.origin}${shown}\n`);
  });

  test('a verification URI of a host alone is https there', async () => {
    const server = await fakeServer((origin) => [
      asUsual(origin),
      {
        want: 'POST /device',
        respond: { json: { device_code: 'd', user_code: 'WDJB-MJHT', verification_uri: 'verify.example/activate', expires_in: 600 } },
      },
    ]);
    const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
    await login.exit;
    // This server is on this machine, and plain http: elsewhere that would be refused, so that it is not made of it.
    expect(login.stderr).not.toContain(`${server.origin}/verify.example`);
  });
});
