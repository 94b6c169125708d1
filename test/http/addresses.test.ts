/** Which addresses a request may go to. */
import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { DnsLookup } from '../../src/http/lookup.js';
import { listening } from '../helpers/listening.js';
import { http } from './asking.js';

describe('addresses', () => {
  /** A client of a name service that says what a test wants. */
  const resolving = (answers: Record<string, readonly string[]>) => {
    const lookup: DnsLookup = (hostname, _, callback) => {
      const found = answers[hostname] ?? [];
      callback(
        found.length === 0 ? Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }) : null,
        found.map((address) => ({ address, family: isIP(address) })),
      );
    };
    return http({}, undefined, lookup);
  };

  test.each(['https://10.0.0.1/', 'https://127.0.0.1/', 'https://[::1]/', 'https://[fd00::1]/', 'http://localhost/'])(
    '%s is refused when a public server names it',
    async (url) => {
      await expect(resolving({}).withAllowedNetwork('public').fetch(url)).rejects.toMatchObject({ code: 'address_refused' });
    },
  );

  test.each(['https://169.254.1.1/', 'https://[fe80::1]/', 'https://224.0.0.1/', 'https://0.0.0.0/'])(
    '%s is never connected to',
    async (url) => {
      await expect(resolving({}).fetch(url)).rejects.toMatchObject({ code: 'address_refused', hint: undefined });
    },
  );

  test('a name is checked by the addresses it resolves to, at each request', async () => {
    const answers: Record<string, readonly string[]> = { 'a.example': ['10.0.0.1'] };
    const client = resolving(answers);
    await expect(client.withAllowedNetwork('public').fetch('https://a.example/')).rejects.toMatchObject({ code: 'address_refused' });
    answers['a.example'] = ['169.254.169.254', 'fe80::1%eth0'];
    await expect(client.fetch('https://a.example/')).rejects.toMatchObject({ code: 'address_refused' });
    answers['localhost'] = ['10.0.0.1'];
    await expect(client.fetch('http://localhost/')).rejects.toMatchObject({ code: 'network_error' });
  });

  test('a connection for one allowed network is not reused for another', async () => {
    const origin = (await listening((_, response) => response.end('fine'))).origin.replace('127.0.0.1', 'localhost');
    const client = resolving({ localhost: ['127.0.0.1'] });
    expect(await (await client.withAllowedNetwork('loopback').fetch(origin)).text()).toBe('fine');
    for (const reach of ['public', 'private'] as const)
      await expect(client.withAllowedNetwork(reach).fetch(origin)).rejects.toMatchObject({ code: 'address_refused' });
  });

  test('a name that was reached in one allowed network is looked up again for another', async () => {
    const { origin } = await listening((_, response) => response.end());
    const url = new URL(origin.replace('http://127.0.0.1', 'https://a.example'));
    const client = resolving({ 'a.example': ['127.0.0.1'] });
    // It is no https server, which is found out after the connection is established.
    await expect(client.withAllowedNetwork('loopback').fetch(url)).rejects.not.toMatchObject({ code: 'address_refused' });
    await expect(client.withAllowedNetwork('public').fetch(url)).rejects.toMatchObject({ code: 'address_refused' });
    // A server without a certificate may be any server.
    expect(client.networkOf(url)).toBe('public');
  });

  test('a host is in the network in which it was reached, and public before that', () => {
    const client = resolving({});
    expect(client.networkOf(new URL('https://a.example'))).toBe('public');
    expect(client.networkOf(new URL('https://10.0.0.1'))).toBe('private');
    expect(client.networkOf(new URL('http://localhost:1'))).toBe('loopback');
    expect(client.networkOf(new URL('https://[fd00::1]'))).toBe('private');
  });
});
