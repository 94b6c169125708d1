/** Proxies of the environment. */
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { findProxy } from '../../src/http/proxies.js';
import { listening } from '../helpers/listening.js';
import { http } from './asking.js';

test.each(['127.0.0.1', '127.0.0.2', '[::1]', 'localhost'])('requests to this machine do not go through a proxy: %s', async (host) => {
  const seen: string[] = [];
  const { origin: proxy } = await listening((request, response) => (seen.push(request.url ?? ''), response.end('proxied')));
  const { origin } = await listening((_, response) => response.end('direct'), { host: host.replace(/[[\]]/g, '') });
  const client = http({ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy });
  expect(await (await client.fetch(origin, { headers: { authorization: 'Bearer secret' } })).text()).toBe('direct');
  expect(seen).toEqual([]);
});

test('the proxy of the environment is used, but never for this machine', async () => {
  const seen: string[] = [];
  const forbidding = createServer().on('connect', (request, socket) => {
    seen.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const { origin: proxy } = await listening(forbidding);
  const { origin: direct } = await listening((_, response) => response.end('direct'));
  const through = http({ HTTP_PROXY: proxy, HTTPS_PROXY: proxy });
  expect(await (await through.fetch(direct)).text()).toBe('direct');
  await expect(through.fetch('https://far.example/')).rejects.toMatchObject({ code: 'network_error' });
  expect(seen).toEqual(['far.example:443']);
});

describe('proxies', () => {
  /** A proxy whose answer to CONNECT is `answer`; it notes what it was asked for. */
  async function tunnel(answer: string): Promise<{ proxy: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer().on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      socket.end(answer);
    });
    const { port } = await listening(server);
    return { proxy: `127.0.0.1:${port}`, asked };
  }

  test.each([
    { status: 403, hint: /NO_PROXY/ },
    { status: 407, hint: /USER:PASSWORD/ },
  ])('the proxy’s own response ($status) is never taken for the server’s', async ({ status, hint }) => {
    const { proxy, asked } = await tunnel(`HTTP/1.1 ${status} No\r\nContent-Length: 15\r\n\r\n{"issuer":"bad"}`);
    const failure = { code: 'network_error', message: `The proxy ${proxy} refused the connection (status ${status}).` };
    await expect(http({ HTTPS_PROXY: `http://u:p%40@${proxy}` }).fetch('https://far.example/')).rejects.toMatchObject({
      ...failure,
      hint: expect.stringMatching(hint) as string,
    });
    expect(asked).toEqual([`far.example:443 Basic ${btoa('u:p@')}`]);
  });

  const credentials = [
    { written: 'user:p@ss:w%rd#x', user: 'user', password: 'p@ss:w%rd#x' },
    { written: 'user:p%40ss%3Aw%25rd', user: 'user', password: 'p@ss:w%rd' },
    { written: 'user:100%', user: 'user', password: '100%' },
    { written: 'user:a%zz%20b%F', user: 'user', password: 'a%zz b%F' },
    { written: 'user:%FF', user: 'user', password: '%FF' },
    { written: 'user:a/b?c[d]{e}|^`"<>', user: 'user', password: 'a/b?c[d]{e}|^`"<>' },
    { written: 'user:x://y@z', user: 'user', password: 'x://y@z' },
    { written: 'user:p%C3%A4ss', user: 'user', password: 'päss' },
    { written: 'user:päss', user: 'user', password: 'päss' },
    { written: 'DOMAIN\\user:pw', user: 'DOMAIN\\user', password: 'pw' },
    { written: 'DOMAIN%5Cuser:pw', user: 'DOMAIN\\user', password: 'pw' },
    { written: 'user@corp.example:pw', user: 'user@corp.example', password: 'pw' },
    { written: 'user', user: 'user', password: '' },
  ];

  test.each(credentials)('$written is $user and $password, for an HTTP proxy', async ({ written, user, password }) => {
    const { proxy, asked } = await tunnel('HTTP/1.1 407 No\r\n\r\n');
    for (const scheme of ['http://', '']) {
      const failure: unknown = await http({ HTTPS_PROXY: `${scheme}${written}@${proxy}` })
        .fetch('https://far.example/')
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ message: `The proxy ${proxy} refused the connection (status 407).` });
    }
    const sent = asked.map((line) => Buffer.from(line.split(' Basic ')[1] ?? '', 'base64').toString('utf8'));
    expect(sent).toEqual([`${user}:${password}`, `${user}:${password}`]);
  });

  test.each(credentials)('$written is $user and $password, for a SOCKS proxy (RFC 1929)', async ({ written, user, password }) => {
    const given: string[] = [];
    const server = createSocketServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([5, 2]));
        socket.once('data', (request: Buffer) => {
          const end = 2 + (request[1] ?? 0);
          given.push(request.toString('utf8', 2, end), request.toString('utf8', end + 1, end + 1 + (request[end] ?? 0)));
          socket.end(Buffer.from([1, 1]));
        });
      });
    });
    const { port } = await listening(server);
    const proxy = `127.0.0.1:${port}`;
    const failure: unknown = await http({ ALL_PROXY: `socks5h://${written}@${proxy}` })
      .fetch('https://far.example/')
      .catch((error: unknown) => error);
    expect(given).toEqual([user, password]);
    expect(failure).toMatchObject({ code: 'network_error', message: expect.stringContaining(`through the proxy ${proxy}:`) as string });
  });

  test('the printable URL of a proxy has no password', () => {
    const variables = { HTTPS_PROXY: 'http://user:p@SECRET#x@p.example:3128' };
    const proxy = findProxy(new URL('https://far.example'), {
      variables,
      platform: 'linux',
      folder: '/',
      program: [],
      exists: () => false,
    });
    expect(proxy?.address.href).toBe('http://p.example:3128/');
  });

  test.each(['http', 'socks5h'])('an %s proxy at an IPv6 address is used', async (scheme) => {
    let asked = 0;
    const server = createSocketServer((socket) => socket.on('error', () => undefined).once('data', () => ((asked += 1), socket.end())));
    const { port } = await listening(server, { host: '::1' });
    const proxy = `${scheme}://user:a@b@[::1]:${port}`;
    await expect(http({ HTTPS_PROXY: proxy }).fetch('https://far.example/')).rejects.toMatchObject({ code: 'network_error' });
    expect(asked).toBe(1);
  });

  test('an unreachable proxy is named in the error', async () => {
    const message = 'far.example could not be reached through the proxy 127.0.0.1:1: connection refused.';
    for (const scheme of ['http', 'socks5h'])
      await expect(http({ ALL_PROXY: `${scheme}://127.0.0.1:1` }).fetch('https://far.example/')).rejects.toMatchObject({
        code: 'network_error',
        message,
      });
  });

  test.each(['gopher://p.example', '://', 'ftp://u:SECRET@p.example'])('%s is not a proxy, and is not quoted', async (proxy) => {
    const failure: unknown = await http({ HTTPS_PROXY: proxy })
      .fetch('https://far.example/')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'network_error', message: 'The proxy in HTTPS_PROXY or ALL_PROXY is not usable.' });
    expect(JSON.stringify(failure)).not.toContain('SECRET');
  });

  test.each([
    { answers: [[5, 0xff]], says: 'it requires a user and password', hint: 'USER:PASSWORD' },
    {
      answers: [
        [5, 2],
        [1, 1],
      ],
      says: 'it rejected the user and password',
      hint: 'USER:PASSWORD',
    },
    {
      answers: [
        [5, 0],
        [5, 2, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      says: 'it does not allow connections to that host',
      hint: 'NO_PROXY',
    },
    {
      answers: [
        [5, 0],
        [5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      says: 'no route to host',
      hint: 'NO_PROXY',
    },
    {
      answers: [
        [5, 0],
        [5, 5, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      says: 'connection refused by the host',
      hint: 'NO_PROXY',
    },
    {
      answers: [
        [5, 0],
        [5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      says: 'it rejected the connection',
      hint: 'NO_PROXY',
    },
    { answers: [[0x48, 0x54]], says: 'it does not support this SOCKS version', hint: 'NO_PROXY' },
    { answers: [], says: 'connection closed', hint: 'NO_PROXY' },
  ])('a SOCKS proxy that answers $answers: $says', async ({ answers, says, hint }) => {
    const server = createSocketServer((socket) => {
      const left = [...answers];
      socket.on('error', () => undefined);
      socket.on('data', () => {
        const answer = left.shift();
        if (answer === undefined) socket.destroy();
        else socket.write(Buffer.from(answer));
      });
    });
    const { port } = await listening(server);
    const proxy = `127.0.0.1:${port}`;
    await expect(http({ ALL_PROXY: `socks5h://user:pw@${proxy}` }).fetch('https://far.example/')).rejects.toMatchObject({
      message: `far.example could not be reached through the proxy ${proxy}: ${says}.`,
      hint: expect.stringContaining(hint) as string,
    });
  });

  test('a SOCKS proxy looks names up itself', async () => {
    const asked: string[] = [];
    const server = createSocketServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]));
        socket.once('data', (request: Buffer) => {
          asked.push(`${request.toString('latin1', 5, 5 + (request[4] ?? 0))}:${request.readUInt16BE(request.length - 2)}`);
          socket.end(Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
    const { port } = await listening(server);
    const proxy = `socks5h://127.0.0.1:${port}`;
    await expect(http({ all_proxy: proxy }).fetch('https://far.example/')).rejects.toMatchObject({ code: 'network_error' });
    expect(asked).toEqual(['far.example:443']);
  });

  test.each([
    { list: 'a.example', url: 'https://a.example/', isExempt: true },
    { list: 'a.example', url: 'https://b.a.example/', isExempt: true },
    { list: 'A.example', url: 'https://a.example/', isExempt: true },
    { list: '.a.example *.b.example', url: 'https://x.b.example/', isExempt: true },
    { list: 'b.example, a.example', url: 'https://a.example/', isExempt: true },
    { list: '*', url: 'https://a.example/', isExempt: true },
    { list: 'a.example:443', url: 'https://a.example/', isExempt: true },
    { list: 'a.example:8443', url: 'https://a.example:8443/', isExempt: true },
    { list: '[2001:db8::1]', url: 'https://[2001:db8::1]/', isExempt: true },
    { list: 'a.example:8443', url: 'https://a.example/', isExempt: false },
    { list: 'a.example', url: 'https://aa.example/', isExempt: false },
    { list: 'a.example', url: 'https://a.example.b/', isExempt: false },
    { list: '', url: 'https://a.example/', isExempt: false },
    // Names as they may be written.
    { list: 'a.example.', url: 'https://b.a.example/', isExempt: true },
    { list: '.A.Example.', url: 'https://b.a.example./', isExempt: true },
    { list: 'bücher.example', url: 'https://www.bücher.example/', isExempt: true },
    { list: '  ,a.example ,, ', url: 'https://a.example/', isExempt: true },
    { list: '*:8443', url: 'https://a.example:8443/', isExempt: true },
    { list: '*:8443', url: 'https://a.example/', isExempt: false },
    { list: '. , *. , :443', url: 'https://a.example/', isExempt: false },
    // Addresses, in all the forms that they have.
    { list: '10.0.0.1', url: 'https://10.0.0.1/', isExempt: true },
    { list: '10.0.0.1:8443', url: 'https://10.0.0.1:8443/', isExempt: true },
    { list: '10.0.0.1:8443', url: 'https://10.0.0.1/', isExempt: false },
    { list: '2001:db8::1', url: 'https://[2001:db8::1]/', isExempt: true },
    { list: '2001:0DB8:0:0::1', url: 'https://[2001:db8::1]/', isExempt: true },
    { list: '[2001:db8::1]:443', url: 'https://[2001:db8::1]/', isExempt: true },
    { list: '[2001:db8::1]:8443', url: 'https://[2001:db8::1]/', isExempt: false },
    { list: '2001:db8::1', url: 'https://[2001:db8::1:443]/', isExempt: false },
    { list: '::ffff:10.0.0.1', url: 'https://10.0.0.1/', isExempt: true },
    { list: '10.0.0.1', url: 'https://[::ffff:10.0.0.1]/', isExempt: true },
    // Networks.
    { list: '10.0.0.0/8', url: 'https://10.255.0.1/', isExempt: true },
    { list: '10.9.9.9/8', url: 'https://10.255.0.1/', isExempt: true },
    { list: '10.0.0.0/8', url: 'https://11.0.0.1/', isExempt: false },
    { list: '10.0.0.0/8', url: 'https://[::ffff:10.1.2.3]/', isExempt: true },
    { list: '::ffff:10.0.0.0/104', url: 'https://10.1.2.3/', isExempt: true },
    { list: 'FD00::/8', url: 'https://[fd12:3456::1]:8443/', isExempt: true },
    { list: '[fd00::]/8', url: 'https://[fd12:3456::1]/', isExempt: true },
    { list: 'fd00::/8', url: 'https://[fe00::1]/', isExempt: false },
    { list: '0.0.0.0/0', url: 'https://203.0.113.1/', isExempt: true },
    { list: '::/0', url: 'https://203.0.113.1/', isExempt: false },
    { list: '0.0.0.0/0', url: 'https://[2001:db8::1]/', isExempt: false },
    { list: '10.0.0.0/33 10.0.0.0/ 10.0.0.0/8/8 10.0.0.0/-1 fd00::/129', url: 'https://10.0.0.0/', isExempt: false },
    // Names with names, and addresses with addresses.
    { list: '10.0.0.0/8', url: 'https://10.example/', isExempt: false },
    { list: '0.0.1', url: 'https://10.0.0.1/', isExempt: false },
    { list: '.1', url: 'https://10.0.0.1/', isExempt: false },
    { list: '0.0.0.0/0 ::/0', url: 'https://a.example/', isExempt: false },
  ])('NO_PROXY=$list, $url: direct: $isExempt', ({ list, url, isExempt }) => {
    const variables = { HTTPS_PROXY: 'http://p.example:3128', NO_PROXY: list };
    const proxy = findProxy(new URL(url), { variables, platform: 'linux', folder: '/', program: [], exists: () => false });
    expect(proxy?.address.host).toBe(isExempt ? undefined : 'p.example:3128');
  });
});
