/** What every engine must do, on a real server of each. An engine that is in the list is tested. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AuthError } from '../../src/errors.js';
import type { Clock } from '../../src/effects.js';
import { systemClock } from '../../src/machine/clock.js';
import type { Engine, HeldLease, Lease, RowChange } from '../../src/store/engines/engine.js';
import { engines } from '../../src/store/engines/index.js';
import { parseStoreUrl } from '../../src/store/engines/store-url.js';
import { engineStarters, type EngineServer } from '../helpers/engines.js';
import { describeWith } from '../helpers/installed.js';

test('each engine of the list has a server here', () => {
  expect(Object.keys(engineStarters).sort()).toEqual(engines.map(({ name }) => name).sort());
});

/** A clock that is a day late: no engine may compare it with that of the server. */
const lateClock = { ...systemClock, now: () => systemClock.now() - 86_400_000 };

interface OpenOptions {
  readonly store?: string;
  readonly clock?: Clock;
}

/** Opens an engine until the end of the test. */
function openAt(address: string, { store = 'default', clock = systemClock }: OpenOptions = {}): Engine {
  const url = new URL(address);
  url.searchParams.set('store', store);
  const parsed = parseStoreUrl(url.href);
  const engine = parsed.kind.open({ url: parsed.url, store: parsed.store, clock, variables: {} });
  onTestFinished(() => engine.close());
  return engine;
}

/** The error of a call, in which the password is nowhere. */
async function failureOf(work: Promise<unknown>, password: string): Promise<AuthError> {
  const error = await work.then(
    () => undefined,
    (one: unknown) => one,
  );
  if (!(error instanceof AuthError)) throw new Error(`It did not fail as expected: ${inspect(error)}`);
  expect([error.message, error.hint, error.stack, inspect(error, { depth: 10 })].join('\n')).not.toContain(password);
  return error;
}

/** Listens, and resolves when some topics have arrived. */
async function record(engine: Engine) {
  const topics: (string | undefined)[] = [];
  let wake: () => void = () => undefined;
  const stop = await engine.listen((topic) => {
    topics.push(topic);
    wake();
  });
  onTestFinished(stop);
  const waitFor = async (...wanted: (string | undefined)[]) => {
    while (!wanted.every((one) => topics.includes(one))) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { topics, waitFor, stop };
}

const server = (key: string, version?: string, value: string | undefined = '{}'): RowChange => ({ kind: 'server', key, version, value });
const isHeld = (lease: Lease | HeldLease): lease is HeldLease => 'remaining' in lease;

async function take(engine: Engine, name: string, more: { duration?: number; after?: string } = {}): Promise<Lease> {
  const lease = await engine.takeLease({ name, owner: 'this test', duration: 60_000, ...more });
  if (isHeld(lease)) throw new Error(`${name} is held by ${lease.owner}`);
  return lease;
}

/** Resolves when the lease has ended by itself. */
async function waitForEnd(engine: Engine, name: string): Promise<void> {
  while ((await engine.listLeases()).some((one) => one.name === name));
}

/** Adds 1 to the number in each row, however many others do the same. */
async function increment(engine: Engine, keys: readonly string[]): Promise<void> {
  for (;;) {
    const rows = await engine.read([{ kind: 'server', keys }]);
    const changes = keys.map((key) => {
      const { version, value } = rows.find((row) => row.key === key) ?? { value: '0' };
      return server(key, version, String(Number(value) + 1));
    });
    if ((await engine.write(changes)) === 'written') return;
  }
}

for (const kind of engines) {
  const starter = engineStarters[kind.name];
  if (starter === undefined) continue;
  describeWith(starter.program, kind.name, (program) => {
    let running: EngineServer;
    let stores = 0;
    beforeAll(async () => void (running = await starter.start(program)));
    afterAll(() => running.remove());
    const open = (options?: OpenOptions) => openAt(running.url, options);
    /** Several connections to one store that no other test has. */
    const openMany = (count: number): readonly [Engine, Engine, ...Engine[]] => {
      const store = `store-${(stores += 1)}`;
      return [open({ store }), open({ store }), ...Array.from({ length: count - 2 }, () => open({ store }))];
    };
    const openNew = (): Engine => openMany(2)[0];

    describe('rows', () => {
      test('many processes that begin at once in an empty database all succeed', async () => {
        const all = openMany(8);
        const results = await Promise.all(all.map((engine, index) => engine.write([server(`name ${index}`)])));
        expect(results).toEqual(all.map(() => 'written'));
        expect(await all[0].read([{ kind: 'server' }])).toHaveLength(8);
      });

      test('are read by kind and by key, each once', async () => {
        const engine = openNew();
        const client: RowChange = { kind: 'client', key: 'https://as.example id', version: undefined, value: 'ü"\\n\n' };
        expect(await engine.read([{ kind: 'server' }, { kind: 'client', keys: ['a'] }])).toEqual([]);
        expect(await engine.write([server('a', undefined, '1'), server('b', undefined, '2'), client])).toBe('written');
        const found = await engine.read([{ kind: 'client', keys: [client.key, client.key, 'none'] }, { kind: 'server' }]);
        expect(found.map(({ kind, key, value }) => [kind, key, value]).sort()).toEqual([
          ['client', client.key, client.value],
          ['server', 'a', '1'],
          ['server', 'b', '2'],
        ]);
        expect(new Set(found.map(({ version }) => version)).size).toBe(3);
        expect((await engine.read([{ kind: 'server', keys: ['b'] }, { kind: 'server' }])).map(({ key }) => key).sort()).toEqual(['a', 'b']);
        expect(await engine.read([])).toEqual([]);
      });

      test('may have long keys, empty values and keys that look like others', async () => {
        const engine = openNew();
        const keys = ['k'.repeat(9000), `${'k'.repeat(8999)}l`, 'a b', "a'b", 'sha256:a', '$1', '%', 'ä'.repeat(3000)];
        expect(await engine.write(keys.map((key) => server(key, undefined, '')))).toBe('written');
        expect((await engine.read([{ kind: 'server' }])).map(({ key }) => key).sort()).toEqual([...keys].sort());
        for (const key of keys) {
          const [row] = await engine.read([{ kind: 'server', keys: [key] }]);
          expect(row).toMatchObject({ key, value: '' });
          expect(await engine.write([server(key)])).toBe('changed');
          expect(await engine.write([server(key, row?.version, 'new')])).toBe('written');
        }
      });

      test('of two stores in one database do not see each other', async () => {
        const [one, other] = [openNew(), openNew()];
        const heard = await record(other);
        await one.write([server('a')]);
        await take(one, 'a');
        expect(await other.read([{ kind: 'server' }])).toEqual([]);
        expect(await other.listLeases()).toEqual([]);
        await other.write([server('b')]);
        await heard.waitFor('server b');
        expect(heard.topics).toEqual(['server b']);
      });

      test('are changed only at the version that was read', async () => {
        const engine = openNew();
        await engine.write([server('a', undefined, '1')]);
        const [first] = await engine.read([{ kind: 'server' }]);
        expect(await engine.write([server('a', first?.version, '2')])).toBe('written');
        expect(await engine.write([server('a', first?.version, '3')])).toBe('changed');
        expect(await engine.write([server('a', undefined, '3')])).toBe('changed');
        expect(await engine.write([server('none', first?.version)])).toBe('changed');
        expect(await engine.write([{ ...server('a'), version: first?.version, value: undefined }])).toBe('changed');
        const [second] = await engine.read([{ kind: 'server' }]);
        expect(second?.value).toBe('2');
        expect(await engine.write([{ ...server('a'), version: second?.version, value: undefined }])).toBe('written');
        expect(await engine.read([{ kind: 'server' }])).toEqual([]);
      });

      test('that were deleted and created again have a version that never was', async () => {
        const engine = openNew();
        const versions: (string | undefined)[] = [];
        for (let round = 0; round < 5; round += 1) {
          await engine.write([server('a', undefined, 'same')]);
          const [row] = await engine.read([{ kind: 'server' }]);
          versions.push(row?.version);
          for (const version of versions.slice(0, -1)) expect(await engine.write([server('a', version)])).toBe('changed');
          await engine.write([{ ...server('a'), version: row?.version, value: undefined }]);
        }
        expect(new Set(versions).size).toBe(5);
      });

      test('are all written or none', async () => {
        const engine = openNew();
        await engine.write([server('a', undefined, '1'), server('b', undefined, '1')]);
        const [a, b] = (await engine.read([{ kind: 'server' }])).sort((one, other) => (one.key < other.key ? -1 : 1));
        const removed: RowChange = { kind: 'server', key: 'b', version: b?.version, value: undefined };
        for (const last of [server('c', '1'), server('b'), server('b', a?.version)]) {
          expect(await engine.write([server('new'), server('a', a?.version, '2'), last])).toBe('changed');
        }
        expect(await engine.write([removed, server('c', '1')])).toBe('changed');
        expect(await engine.read([{ kind: 'server' }])).toHaveLength(2);
        expect(await engine.read([{ kind: 'server', keys: ['a'] }])).toEqual([a]);
        expect(await engine.write([removed, server('a', a?.version, '2'), server('new')])).toBe('written');
        expect((await engine.read([{ kind: 'server' }])).map(({ key }) => key).sort()).toEqual(['a', 'new']);
      });

      test('count exactly when 50 writers add to them, each in its own order', async () => {
        const all = openMany(5);
        const keys = ['a', 'b', 'c'];
        const work = Array.from({ length: 50 }, (_, index) => {
          const own = [...keys.slice(index % 3), ...keys.slice(0, index % 3)];
          return increment(all[index % 5] ?? all[0], index % 2 === 0 ? own : own.reverse());
        });
        await Promise.all(work);
        const rows = await openAt(running.url, { store: `store-${stores}` }).read([{ kind: 'server' }]);
        expect(rows.map(({ value }) => value)).toEqual(['50', '50', '50']);
      });

      test('are created by exactly one of many at once, together', async () => {
        const all = openMany(8);
        for (let round = 0; round < 15; round += 1) {
          const keys = [`${round} a`, `${round} b`];
          const results = await Promise.all(
            all.map((engine, index) =>
              engine.write((index % 2 === 0 ? keys : keys.toReversed()).map((key) => server(key, undefined, String(index)))),
            ),
          );
          const winner = results.indexOf('written');
          expect(results.filter((one) => one === 'written')).toHaveLength(1);
          const values = (await all[0].read([{ kind: 'server', keys }])).map(({ value }) => value);
          expect(values).toEqual([String(winner), String(winner)]);
        }
      });
    });

    describe('leases', () => {
      test('are given to one of 50 who ask at once', async () => {
        const all = openMany(5);
        const request = (index: number) => ({ name: 'a', owner: `owner ${index}`, duration: 60_000 });
        const results = await Promise.all(Array.from({ length: 50 }, (_, index) => (all[index % 5] ?? all[0]).takeLease(request(index))));
        const winner = results.findIndex((one) => !isHeld(one));
        const fence = results[winner]?.fence;
        expect(results.filter((one) => !isHeld(one))).toHaveLength(1);
        for (const one of results.filter(isHeld)) {
          expect([one.owner, one.fence]).toEqual([`owner ${winner}`, fence]);
          expect(one.remaining).toBeGreaterThan(50_000);
          expect(one.remaining).toBeLessThanOrEqual(60_000);
        }
        expect(await all[0].listLeases()).toMatchObject([{ name: 'a', owner: `owner ${winner}`, fence }]);
      });

      test('have fences that grow, whether they are released, end or are taken over', async () => {
        const all = openMany(4);
        const engine = all[0];
        const fences: bigint[] = [];
        for (let round = 0; round < 5; round += 1) {
          const released = await take(engine, 'a');
          await engine.releaseLease(released);
          const short = await take(engine, 'a', { duration: 1 });
          await waitForEnd(engine, 'a');
          const long = await take(engine, 'a');
          const after = await take(engine, 'a', { after: long.fence });
          await engine.releaseLease(after);
          // Of those who ask at once, one has it: its fence is above all before.
          const crowd = await Promise.all(all.map((one) => one.takeLease({ name: 'a', owner: 'x', duration: 60_000 })));
          const won = crowd.find((one) => !isHeld(one)) as Lease;
          await engine.releaseLease(won);
          fences.push(...[released, short, long, after, won].map(({ fence }) => BigInt(fence)));
        }
        expect(fences).toEqual([...fences].sort((one, other) => (one < other ? -1 : 1)));
        expect(new Set(fences).size).toBe(25);
      });

      test('end by themselves, by the clock of the server', async () => {
        const [one, other] = openMany(2);
        const late = open({ store: `store-${stores}`, clock: lateClock });
        const lease = await take(late, 'a', { duration: 300 });
        expect(await one.write([server('a')], lease)).toBe('written');
        expect(await late.extendLease(lease, 200)).toBe(true);
        expect(isHeld(await other.takeLease({ name: 'a', owner: 'x', duration: 1 }))).toBe(true);
        await waitForEnd(other, 'a');
        expect(await late.write([server('b')], lease)).toBe('late');
        expect(await late.extendLease(lease, 60_000)).toBe(false);
        const next = await take(other, 'a');
        expect(next.fence).not.toBe(lease.fence);
      });

      test('are taken over only from the fence that is known', async () => {
        const engine = openNew();
        const lease = await take(engine, 'a');
        const other = await take(engine, 'b');
        expect(isHeld(await engine.takeLease({ name: 'a', owner: 'x', duration: 60_000, after: other.fence }))).toBe(true);
        const results = await Promise.all(
          Array.from({ length: 10 }, () => engine.takeLease({ name: 'a', owner: 'x', duration: 60_000, after: lease.fence })),
        );
        expect(results.filter((one) => !isHeld(one))).toHaveLength(1);
      });

      test('of another process cannot be used, extended or released', async () => {
        const engine = openNew();
        const lost = await take(engine, 'a');
        const lease = await take(engine, 'a', { after: lost.fence });
        expect(await engine.write([server('a')], lost)).toBe('late');
        expect(await engine.extendLease(lost, 60_000)).toBe(false);
        await engine.releaseLease(lost);
        expect(await engine.listLeases()).toMatchObject([{ fence: lease.fence }]);
        expect(await engine.write([server('a')], { ...lease, name: 'b' })).toBe('late');
        expect(await engine.read([{ kind: 'server' }])).toEqual([]);
        expect(await engine.write([server('a')], lease)).toBe('written');
        expect(await engine.write([server('a')], lease)).toBe('changed');
      });

      test('are either taken before a write of the holder, which is then late, or after it', async () => {
        const all = openMany(6);
        const engine = all[0];
        for (let round = 0; round < 15; round += 1) {
          const key = String(round);
          const lease = await take(engine, key);
          const [written, taken] = await Promise.all([
            engine.write([server(key, undefined, 'old')], lease),
            ...all.slice(1).map(async (one) => {
              const found = await one.takeLease({ name: key, owner: 'x', duration: 60_000, after: lease.fence });
              // The one that has it sees the write, or there will be none.
              return isHeld(found) ? undefined : (await one.read([{ kind: 'server', keys: [key] }])).length;
            }),
          ] as const).then(([result, ...counts]) => [result, counts.find((count) => count !== undefined)]);
          expect([written, taken]).toEqual(written === 'written' ? ['written', 1] : ['late', 0]);
        }
      });

      test('may have long names', async () => {
        const engine = openNew();
        const [one, other] = ['n'.repeat(9000), `${'n'.repeat(8999)}m`];
        const lease = await take(engine, one);
        await take(engine, other);
        expect((await engine.listLeases()).map(({ name }) => name).sort()).toEqual([other, one].sort());
        expect(await engine.write([server('a')], lease)).toBe('written');
        await engine.releaseLease(lease);
        expect((await engine.listLeases()).map(({ name }) => name)).toEqual([other]);
      });
    });

    describe('listeners', () => {
      test('hear of each change and each release, by any process', async () => {
        const [one, other] = openMany(2);
        const [near, far] = [await record(one), await record(other)];
        const lease = await take(one, 'a name');
        await one.write([server('a'), { kind: 'attempt', key: 'b c', version: undefined, value: '' }], lease);
        await one.releaseLease(lease);
        const topics = ['server a', 'attempt b c', 'lease a name'];
        for (const { waitFor, topics: heard } of [near, far]) {
          await waitFor(...topics);
          expect([...heard].sort()).toEqual([...topics].sort());
        }
      });

      test('hear nothing of what was not written, and nothing after they have stopped', async () => {
        const [one, other] = openMany(2);
        const [heard, stopped] = [await record(one), await record(one)];
        await other.write([server('a')]);
        await heard.waitFor('server a');
        stopped.stop();
        const lease = await take(other, 'a');
        await take(other, 'a', { after: lease.fence });
        await other.write([server('b'), server('a')]);
        await other.write([server('c')], lease);
        await other.releaseLease(lease);
        await other.write([server('d')]);
        await heard.waitFor('server d');
        expect(heard.topics).toEqual(['server a', 'server d']);
        expect(stopped.topics).toEqual(['server a']);
      });

      test('hear that something has changed if its key is too long for a message', async () => {
        const [one, other] = openMany(2);
        const heard = await record(one);
        const key = 'ü'.repeat(5000);
        await other.write([server(key)]);
        await other.write([server('b')]);
        await heard.waitFor('server b');
        expect([[undefined], [`server ${key}`]]).toContainEqual(heard.topics.slice(0, -1));
      });

      test('do not keep the process alive', async () => {
        const child = spawn(process.execPath, ['--import', 'tsx', path.resolve(import.meta.dirname, '../helpers/engine-child.ts')], {
          env: { ...process.env, STORE_URL: running.url },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
        const [code] = (await once(child, 'close')) as [number | null];
        expect([code, output]).toEqual([0, 'read 0\n']);
      });
    });

    describe('a server that', () => {
      test('was stopped is away, and is used again when it is back', async () => {
        const [engine, fresh] = openMany(2);
        const heard = await record(engine);
        await engine.write([server('a')]);
        await heard.waitFor('server a');
        await running.stop();
        try {
          for (const one of [engine, fresh]) {
            const { code, message, hint } = await failureOf(one.read([{ kind: 'server' }]), running.password);
            expect(code).toBe('store_away');
            expect(message).toMatch(/^\w+ at 127\.0\.0\.1:\d+ cannot be reached: connection (refused|closed)\.$/);
            expect(hint).toMatch(/\.$/);
          }
          for (const work of [engine.write([server('b')]), engine.takeLease({ name: 'a', owner: 'x', duration: 1 }), engine.listLeases()])
            expect((await failureOf(work, running.password)).code).toBe('store_away');
          expect(
            (
              await failureOf(
                fresh.listen(() => undefined),
                running.password,
              )
            ).code,
          ).toBe('store_away');
        } finally {
          await running.start();
        }
        // Without any call: the listener connects again by itself.
        await heard.waitFor(undefined);
        for (const one of [engine, fresh]) expect(await one.read([{ kind: 'server' }])).toHaveLength(1);
        expect(await fresh.write([server('b')])).toBe('written');
        await heard.waitFor('server b');
      });

      test('has ended an idle connection is used again at once, also for a write', async () => {
        const engine = openNew();
        const heard = await record(engine);
        await engine.write([server('a')]);
        await running.disconnect();
        await heard.waitFor(undefined);
        expect(await engine.write([server('b')])).toBe('written');
        await running.disconnect();
        expect(await engine.read([{ kind: 'server' }])).toHaveLength(2);
        await heard.waitFor('server b');
      });

      test('has too many connections is asked again', async () => {
        const one = openNew();
        await one.read([]);
        let refuse: () => void = () => undefined;
        const refused = new Promise<void>((resolve) => (refuse = resolve));
        const sleep: Clock['sleep'] = (milliseconds) => {
          refuse();
          return systemClock.sleep(milliseconds);
        };
        const other = open({ store: `store-${stores}`, clock: { ...systemClock, sleep } });
        await running.limitConnections(true);
        try {
          const reading = other.read([{ kind: 'server' }]);
          await Promise.race([refused, reading.then(() => expect.unreachable())]);
          await one.close();
          expect(await reading).toEqual([]);
        } finally {
          await running.limitConnections(false);
        }
      });

      test('rejects the password says so', async () => {
        const url = new URL(running.url);
        url.password = `wrong-${running.password}`;
        const error = await failureOf(openAt(url.href).read([{ kind: 'server' }]), running.password);
        expect(error.code).toBe('store_unreadable');
        expect(error.message).toMatch(/rejected the (user name or the password|password or the role)\.$/);
      });

      test('requires a password that is not there says so', async () => {
        const url = new URL(running.url);
        url.password = '';
        url.username = kind.name === 'Redis' ? '' : url.username;
        const error = await failureOf(openAt(url.href).read([{ kind: 'server' }]), running.password);
        expect([error.code, error.message]).toEqual(['store_unreadable', expect.stringMatching(/requires a password\.$/)]);
        expect(error.hint).toContain('MCP_AUTH_STORE_FILE');
      });

      test('denies its user the rows says so, and names who can help', async () => {
        await openNew().write([server('a')]);
        const stranger = openAt(running.strangerUrl);
        const read = await failureOf(stranger.read([{ kind: 'server' }]), running.password);
        expect([read.code, read.hint]).toEqual(['store_unreadable', expect.stringContaining('docs/fleet.md')]);
        const write = await failureOf(stranger.write([server('a')]), running.password);
        expect([write.code, write.hint]).toEqual(['store_unwritable', expect.stringContaining('docs/fleet.md')]);
        expect((await failureOf(stranger.takeLease({ name: 'a', owner: 'x', duration: 1 }), running.password)).code).toBe(
          'store_unwritable',
        );
      });

      test('is read-only is read, and says why it cannot be written', async () => {
        const engine = openNew();
        await engine.write([server('a')]);
        await running.setReadOnly(true);
        try {
          expect(await engine.read([{ kind: 'server' }])).toHaveLength(1);
          for (const work of [engine.write([server('b')]), engine.takeLease({ name: 'a', owner: 'x', duration: 1 })]) {
            const error = await failureOf(work, running.password);
            expect([error.code, error.message]).toEqual(['store_unwritable', expect.stringContaining('is ')]);
            expect(error.message).toContain('read-only');
          }
        } finally {
          await running.setReadOnly(false);
        }
      });
    });

    test('a host that is not found is away', async () => {
      const url = new URL(running.url);
      url.hostname = 'store.invalid';
      if (kind.name === 'Redis') url.searchParams.set('plaintext', 'allow');
      const error = await failureOf(openAt(url.href).read([{ kind: 'server' }]), running.password);
      expect([error.code, error.message]).toEqual(['store_away', expect.stringContaining('cannot be reached: host not found')]);
    });

    test('what its operator should know is a sentence, with what to do', async () => {
      for (const { problem, hint } of await openNew().inspect()) {
        expect(problem).toMatch(/^[A-Za-z].*\.$/);
        expect(hint.length).toBeGreaterThan(10);
      }
    });
  });
}
