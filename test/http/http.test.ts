/** Bodies, redirects, failures and time limits of a request. */
import { getEventListeners, once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { setImmediate as nextRound } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isLoopbackUrl, parseSafeUrl } from '../../src/http/url-policy.js';
import { testClock } from '../helpers/clock.js';
import { listening } from '../helpers/listening.js';
import { http } from './asking.js';

test.each([
  'ftp://a.example',
  'javascript:alert(1)',
  'https://u:p@a.example',
  'https://a$(calc).example',
  'http://a.example',
  'https://a_b;c.example',
  'no',
  '',
])('%s is refused as a URL', (url) => {
  expect(() => parseSafeUrl(url, { what: 'The URL' })).toThrow('The URL');
});

test.each([
  'https://a.example/x?y',
  'http://127.0.0.1:1',
  'http://localhost',
  'http://[::1]:80/',
  'https://[2001:db8::1]/',
  'https://bücher.example',
])('%s is accepted as a URL', (url) => {
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
  expect(isLoopbackUrl(new URL(url))).toBe(expected);
});

test('a body of more than 1 MiB is refused, counted after decompression', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const { origin } = await listening((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  expect(bomb.length).toBeLessThan(20_000);
  await expect(http().fetch(origin)).rejects.toMatchObject({ code: 'response_invalid' });
});

test('an aborted signal ends all of its requests, also if it is used again and again, and is then forgotten', async () => {
  const sockets: Promise<unknown>[] = [];
  const { origin } = await listening((request, response) => {
    if (request.url === '/fast') return void response.end('ok');
    sockets.push(once(request.socket, 'close'));
    // The second one has begun its response.
    if (request.url === '/body') response.write('begun');
  });
  const asking = http();
  const controller = new AbortController();
  const { signal } = controller;
  const ask = (path: string) => asking.open(`${origin}${path}`, { signal, isSignalReused: true, timeout: 0 });
  for (let count = 0; count < 20; count += 1) (await ask('/fast')).body.resume();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  const { body } = await ask('/body');
  const failure = once(body, 'error');
  const silent = ask('/silent').catch((error: unknown) => error);
  while (sockets.length < 2) await nextRound();
  controller.abort(new Error('no longer wanted'));
  expect(await silent).toMatchObject({ message: 'no longer wanted' });
  await failure;
  await Promise.all(sockets);
  await expect(ask('/fast')).rejects.toThrow('no longer wanted');
});

test('an idle connection is used again, and is closed after four seconds, before the server closes it', async () => {
  const beats: (() => void)[] = [];
  const clock = {
    ...testClock(),
    every: (milliseconds: number, action: () => void) => {
      expect(milliseconds).toBe(1000);
      beats.push(action);
      return () => void beats.splice(beats.indexOf(action), 1);
    },
  };
  const ports: (number | undefined)[] = [];
  const closed: Promise<unknown>[] = [];
  const { origin } = await listening((request, response) => {
    ports.push(request.socket.remotePort);
    if (!ports.slice(0, -1).includes(request.socket.remotePort)) closed.push(once(request.socket, 'close'));
    response.end('ok');
  });
  const asking = http({}, undefined, undefined, clock);
  const ask = async () => {
    await (await asking.fetch(origin)).text();
    // Node returns the connection to its agent in a later tick.
    await nextRound();
    expect(beats).toHaveLength(1);
  };
  const beat = () => beats[0]?.();
  await ask();
  for (let second = 0; second < 3; second += 1) beat();
  await ask();
  expect(ports[1]).toBe(ports[0]);
  for (let second = 0; second < 3; second += 1) beat();
  await ask();
  expect(ports[2]).toBe(ports[0]);
  expect(beats).toHaveLength(1);
  for (let second = 0; second < 4; second += 1) beat();
  await closed[0];
  // Nothing is left to look at.
  expect(beats).toEqual([]);
  await ask();
  expect(ports[3]).not.toBe(ports[0]);
});

describe('redirects', () => {
  const hops = async (count: number) => {
    const { origin } = await listening((request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop < count) response.writeHead(302, { location: `/${hop + 1}` }).end();
      else response.end(`hop ${hop}`);
    });
    return origin;
  };

  test('are not followed by default', async () => {
    expect((await http().fetch(`${await hops(1)}/0`)).status).toBe(302);
  });

  test('are followed up to the limit', async () => {
    const origin = await hops(4);
    expect(await (await http().fetch(`${origin}/1`, { maxRedirects: 3 })).text()).toBe('hop 4');
    expect((await http().fetch(`${origin}/0`, { maxRedirects: 3 })).status).toBe(302);
  });

  test('have to lead to a URL that is allowed', async () => {
    const { origin } = await listening((_, response) => response.writeHead(302, { location: 'http://far.example/' }).end());
    await expect(http().fetch(origin, { maxRedirects: 3 })).rejects.toMatchObject({ code: 'url_refused' });
  });
});

test('a port without a listener is a network error: connection refused', async () => {
  const gone = await listening(() => undefined);
  await gone.close();
  await expect(http().fetch(gone.origin)).rejects.toMatchObject({
    code: 'network_error',
    message: expect.stringContaining('connection refused') as string,
  });
});

test('an aborted request rejects with the reason of its signal', async () => {
  const { origin } = await listening(() => undefined);
  const reason = new Error('because');
  await expect(http().fetch(origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

describe('a server that is slow', () => {
  test('times out, before the head and within the body', async () => {
    const { origin: silent } = await listening(() => undefined);
    const { origin: dripping } = await listening((_, response) => response.writeHead(200).write('a'));
    for (const origin of [silent, dripping]) await expect(http({}, 100).fetch(origin)).rejects.toMatchObject({ code: 'request_timed_out' });
    await expect(http({}, 100).fetch(silent, { stream: true })).rejects.toMatchObject({ code: 'request_timed_out' });
  });

  test('does not time out within a stream', async () => {
    let finish: (() => void) | undefined;
    const { origin } = await listening((_, response) => {
      response.writeHead(200).write('a');
      finish = () => void response.end('b');
    });
    const clock = testClock();
    const response = await http({}, 100, undefined, clock).fetch(origin, { stream: true });
    clock.advance(200);
    finish?.();
    expect(await response.text()).toBe('ab');
  });
});

test('a signal that outlives a request does not keep it in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { origin: url } = await listening((_, response) => response.end('{}'));
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

/** A server of its own thread: it responds when it is told to, also while this thread stands still. */
const heldServer = `
  const { workerData, parentPort } = require('node:worker_threads');
  const server = require('node:http').createServer((request, response) => {
    parentPort.postMessage('asked');
    Atomics.wait(workerData, 0, 0);
    response.end('late');
    response.on('close', () => server.close());
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('a process that was stopped past the limit reads the response that has arrived', async () => {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(heldServer, { eval: true, workerData: flag });
  const [port] = (await once(worker, 'message')) as [number];
  const response = http({}, 200).fetch(`http://127.0.0.1:${port}`);
  await once(worker, 'message');
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
  // As SIGSTOP does, for longer than the limit.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  expect(await (await response).text()).toBe('late');
  await worker.terminate();
});
