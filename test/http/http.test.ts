import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { createServer as createSocketServer, isIP, type AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { Lookup } from '../../src/http/lookup.js';
import { createHttp } from '../../src/http/http.js';
import { proxyFor } from '../../src/http/proxies.js';
import { isLoopback, parseSafeUrl } from '../../src/http/url-policy.js';

function http(variables: Record<string, string> = {}, timeout?: number, lookup?: Lookup) {
  const created = createHttp({
    clock: systemClock,
    env: { variables, platform: 'linux' as const, folder: '/', program: [], exists: () => false },
    userAgent: 'test',
    timeout,
    lookup,
  });
  onTestFinished(() => created.close());
  return created;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
  'ftp://a.example',
  'javascript:alert(1)',
  'https://u:p@a.example',
  'https://a$(calc).example',
  'http://a.example',
  'https://a_b;c.example',
  'no',
  '',
])('%s is refused', (url) => {
  expect(() => parseSafeUrl(url, { what: 'The URL' })).toThrow('The URL');
});

test.each([
  'https://a.example/x?y',
  'http://127.0.0.1:1',
  'http://localhost',
  'http://[::1]:80/',
  'https://[2001:db8::1]/',
  'https://bücher.example',
])('%s is fine', (url) => {
  expect(parseSafeUrl(url, { what: 'The URL' }).href).toBe(new URL(url).href);
});

test.each([
  ['http://127.0.0.1', true],
  ['http://127.9.9.9', true],
  ['http://0x7f.1', true],
  ['http://localhost', true],
  ['http://127.0.0.1.example', false],
  ['http://localhost.example', false],
  ['http://10.0.0.1', false],
])('%s is loopback: %s', (url, expected) => {
  expect(isLoopback(new URL(url))).toBe(expected);
});

test('a body of more than 1 MiB is refused, counted after decompression', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const origin = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  expect(bomb.length).toBeLessThan(20_000);
  await expect(http().fetch(origin)).rejects.toMatchObject({ code: 'response_invalid' });
});

describe('addresses', () => {
  /** A client of a name service that says what a test wants. */
  const resolving = (answers: Record<string, readonly string[]>) => {
    const lookup: Lookup = (hostname, _, callback) => {
      const found = answers[hostname] ?? [];
      callback(
        found.length === 0 ? Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }) : null,
        found.map((address) => ({ address, family: isIP(address) })),
      );
    };
    return http({}, undefined, lookup);
  };

  test.each(['https://10.0.0.1/', 'https://127.0.0.1/', 'https://[::1]/', 'https://[fd00::1]/', 'http://localhost/'])(
    '%s is not asked for on the word of somebody public',
    async (url) => {
      await expect(resolving({}).within('public').fetch(url)).rejects.toMatchObject({ code: 'address_refused' });
    },
  );

  test.each(['https://169.254.1.1/', 'https://[fe80::1]/', 'https://224.0.0.1/', 'https://0.0.0.0/'])('%s is never asked', async (url) => {
    await expect(resolving({}).fetch(url)).rejects.toMatchObject({ code: 'address_refused', hint: undefined });
  });

  test('a name is checked by what it leads to, for each request anew', async () => {
    const answers: Record<string, readonly string[]> = { 'a.example': ['10.0.0.1'] };
    const client = resolving(answers);
    await expect(client.within('public').fetch('https://a.example/')).rejects.toMatchObject({ code: 'address_refused' });
    answers['a.example'] = ['169.254.169.254', 'fe80::1%eth0'];
    await expect(client.fetch('https://a.example/')).rejects.toMatchObject({ code: 'address_refused' });
    answers['localhost'] = ['10.0.0.1'];
    await expect(client.fetch('http://localhost/')).rejects.toMatchObject({ code: 'network_error' });
  });

  test('a connection that was made for one reach is not used for another', async () => {
    const origin = (await serve((_, response) => response.end('fine'))).replace('127.0.0.1', 'localhost');
    const client = resolving({ localhost: ['127.0.0.1'] });
    expect(await (await client.within('loopback').fetch(origin)).text()).toBe('fine');
    for (const reach of ['public', 'private'] as const)
      await expect(client.within(reach).fetch(origin)).rejects.toMatchObject({ code: 'address_refused' });
  });

  test('a host is in the network in which it was met, and in none that is private before that', () => {
    const client = resolving({});
    expect(client.networkOf(new URL('https://a.example'))).toBe('public');
    expect(client.networkOf(new URL('https://10.0.0.1'))).toBe('private');
    expect(client.networkOf(new URL('http://localhost:1'))).toBe('loopback');
    expect(client.networkOf(new URL('https://[fd00::1]'))).toBe('private');
  });
});

describe('redirects', () => {
  const hops = (count: number) =>
    serve((request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop < count) response.writeHead(302, { location: `/${hop + 1}` }).end();
      else response.end(`hop ${hop}`);
    });

  test('none is followed unless asked for', async () => {
    expect((await http().fetch(`${await hops(1)}/0`)).status).toBe(302);
  });

  test('as many as asked for are followed, and not one more', async () => {
    const origin = await hops(4);
    expect(await (await http().fetch(`${origin}/1`, { redirects: 3 })).text()).toBe('hop 4');
    expect((await http().fetch(`${origin}/0`, { redirects: 3 })).status).toBe(302);
  });

  test('each hop has to be a URL that we would talk to', async () => {
    const origin = await serve((_, response) => response.writeHead(302, { location: 'http://far.example/' }).end());
    await expect(http().fetch(origin, { redirects: 3 })).rejects.toMatchObject({ code: 'url_refused' });
  });
});

test('what nobody listens at is a network error with a sentence', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await expect(http().fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'network_error',
    message: expect.stringContaining('connection refused') as string,
  });
});

test('an aborted request rejects with the reason of its signal', async () => {
  const origin = await serve(() => undefined);
  const reason = new Error('because');
  await expect(http().fetch(origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test.each(['127.0.0.1', '127.0.0.2', '[::1]', 'localhost'])('no proxy sees what is for this machine, at %s', async (host) => {
  const seen: string[] = [];
  const proxyServer = createServer((request, response) => (seen.push(request.url ?? ''), response.end('proxied'))).listen(0, '127.0.0.1');
  await once(proxyServer, 'listening');
  onTestFinished(() => void proxyServer.close());
  const server = createServer((_, response) => response.end('direct')).listen(0, host.replace(/[[\]]/g, ''));
  await once(server, 'listening');
  onTestFinished(() => (server.closeAllConnections(), void server.close()));
  const proxy = `http://127.0.0.1:${(proxyServer.address() as AddressInfo).port}`;
  const client = http({ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy });
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`;
  expect(await (await client.fetch(origin, { headers: { authorization: 'Bearer secret' } })).text()).toBe('direct');
  expect(seen).toEqual([]);
});

test('a proxy is used as the environment says, but never for this machine', async () => {
  const seen: string[] = [];
  const proxyServer = createServer().on('connect', (request, socket) => {
    seen.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await once(proxyServer.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void proxyServer.close());
  const proxy = `http://127.0.0.1:${(proxyServer.address() as AddressInfo).port}`;
  const direct = await serve((_, response) => response.end('direct'));
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
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    return { proxy: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  test.each([
    { status: 403, hint: /NO_PROXY/ },
    { status: 407, hint: /USER:PASSWORD/ },
  ])('what a proxy answers itself, as $status, is never taken for the server’s', async ({ status, hint }) => {
    const { proxy, asked } = await tunnel(`HTTP/1.1 ${status} No\r\nContent-Length: 15\r\n\r\n{"issuer":"bad"}`);
    const failure = { code: 'network_error', message: `The proxy ${proxy} does not let us through (status ${status}).` };
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

  test.each(credentials)('$written is $user and $password, to a proxy of http', async ({ written, user, password }) => {
    const { proxy, asked } = await tunnel('HTTP/1.1 407 No\r\n\r\n');
    for (const scheme of ['http://', '']) {
      const failure: unknown = await http({ HTTPS_PROXY: `${scheme}${written}@${proxy}` })
        .fetch('https://far.example/')
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ message: `The proxy ${proxy} does not let us through (status 407).` });
    }
    const sent = asked.map((line) => Buffer.from(line.split(' Basic ')[1] ?? '', 'base64').toString('utf8'));
    expect(sent).toEqual([`${user}:${password}`, `${user}:${password}`]);
  });

  test.each(credentials)('$written is $user and $password, to a SOCKS proxy (RFC 1929)', async ({ written, user, password }) => {
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
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const proxy = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failure: unknown = await http({ ALL_PROXY: `socks5h://${written}@${proxy}` })
      .fetch('https://far.example/')
      .catch((error: unknown) => error);
    expect(given).toEqual([user, password]);
    expect(failure).toMatchObject({ code: 'network_error', message: expect.stringContaining(`through the proxy ${proxy}:`) as string });
  });

  test('nothing that can be shown of a proxy has its password', () => {
    const variables = { HTTPS_PROXY: 'http://user:p@SECRET#x@p.example:3128' };
    const proxy = proxyFor(new URL('https://far.example'), { variables, platform: 'linux', folder: '/', program: [], exists: () => false });
    expect(proxy?.address.href).toBe('http://p.example:3128/');
  });

  test.each(['http', 'socks5h'])('a proxy of %s at an IPv6 address is asked', async (scheme) => {
    let asked = 0;
    const server = createSocketServer((socket) => socket.on('error', () => undefined).once('data', () => ((asked += 1), socket.end())));
    await once(server.listen(0, '::1'), 'listening');
    onTestFinished(() => void server.close());
    const proxy = `${scheme}://user:a@b@[::1]:${(server.address() as AddressInfo).port}`;
    await expect(http({ HTTPS_PROXY: proxy }).fetch('https://far.example/')).rejects.toMatchObject({ code: 'network_error' });
    expect(asked).toBe(1);
  });

  test('one that nobody is behind is named', async () => {
    const message = 'far.example could not be reached through the proxy 127.0.0.1:1: connection refused.';
    for (const scheme of ['http', 'socks5h'])
      await expect(http({ ALL_PROXY: `${scheme}://127.0.0.1:1` }).fetch('https://far.example/')).rejects.toMatchObject({
        code: 'network_error',
        message,
      });
  });

  test.each(['gopher://p.example', '://', 'ftp://u:SECRET@p.example'])('%s is none, and is not repeated', async (proxy) => {
    const failure: unknown = await http({ HTTPS_PROXY: proxy })
      .fetch('https://far.example/')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'network_error', message: 'The proxy that the environment names cannot be used.' });
    expect(JSON.stringify(failure)).not.toContain('SECRET');
  });

  test.each([
    { answers: [[5, 0xff]], says: 'it wants a user and password', hint: 'USER:PASSWORD' },
    {
      answers: [
        [5, 2],
        [1, 1],
      ],
      says: 'it does not accept the user and password',
      hint: 'USER:PASSWORD',
    },
    {
      answers: [
        [5, 0],
        [5, 2, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      says: 'it does not allow that host',
      hint: 'NO_PROXY',
    },
    {
      answers: [
        [5, 0],
        [5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      says: 'it has no route to the host',
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
      says: 'it does not connect us',
      hint: 'NO_PROXY',
    },
    { answers: [[0x48, 0x54]], says: 'it does not speak this version of SOCKS', hint: 'NO_PROXY' },
    { answers: [], says: 'it closed the connection', hint: 'NO_PROXY' },
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
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const proxy = `127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const proxy = `socks5h://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    const proxy = proxyFor(new URL(url), { variables, platform: 'linux', folder: '/', program: [], exists: () => false });
    expect(proxy?.address.host).toBe(isExempt ? undefined : 'p.example:3128');
  });
});

describe('a server that is slow', () => {
  test('with its answer, or with the rest of it, is given up', async () => {
    const silent = await serve(() => undefined);
    const dripping = await serve((_, response) => response.writeHead(200).write('a'));
    for (const origin of [silent, dripping]) await expect(http({}, 100).fetch(origin)).rejects.toMatchObject({ code: 'request_timed_out' });
    await expect(http({}, 100).fetch(silent, { stream: true })).rejects.toMatchObject({ code: 'request_timed_out' });
  });

  test('with the rest of a stream is not: a stream has no end', async () => {
    let finish: (() => void) | undefined;
    const origin = await serve((_, response) => {
      response.writeHead(200).write('a');
      finish = () => void response.end('b');
    });
    const response = await http({}, 100).fetch(origin, { stream: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    finish?.();
    expect(await response.text()).toBe('ab');
  });
});

test('a signal that lives longer than a request does not hold on to it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const url = await serve((_, response) => response.end('{}'));
  const client = http();
  const { signal } = new AbortController();
  const asked = async () => {
    const { body } = await client.open(url, { signal });
    await once(body.resume(), 'close');
    return new WeakRef(body);
  };
  const first = await asked();
  for (let rest = 3; rest > 0; rest -= 1) await asked();
  await expect.poll(() => (collect(), first.deref())).toBeUndefined();
});
