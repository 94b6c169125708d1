/** Where the identity of a sealed store may be. Everything here holds for every source of the list. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/machine/clock.js';
import { startProgram } from '../../src/machine/program.js';
import { checkIdentityCommand } from '../../src/store/identities/identity-command.js';
import { identitySources } from '../../src/store/identities/index.js';
import { Keyring } from '../../src/store/identities/keyring.js';
import type { IdentityMachine } from '../../src/store/identities/source.js';
import { createIdentity, createSeal } from '../../src/store/seal/data-key.js';
import { fakeAgent } from '../helpers/agent.js';
import { testClock } from '../helpers/clock.js';
import { temporaryFolder } from '../helpers/folder.js';
import { existsSync } from 'node:fs';
import { createAgents } from '../../src/machine/agents.js';

interface Configured {
  readonly variables?: Record<string, string>;
  readonly preferences?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
}

/** A machine on which only this is configured. */
function createMachine({ variables = {}, preferences = {}, platform = 'linux' }: Configured = {}) {
  const warnings: string[] = [];
  const machine: IdentityMachine = {
    env: { variables, platform, exists: existsSync },
    clock: systemClock,
    startProgram: (words, options) => startProgram(words, { ...options, showsErrors: false }),
    preferences: { read: () => Promise.resolve(preferences) },
    openAgents: () => createAgents({ variables, platform: 'linux' }),
    getStore: () => '/store.json',
    warn: (sentence) => void warnings.push(sentence),
  };
  return { machine, warnings };
}

function writeIdentity(text: string, name = 'identity.txt'): string {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** How each source is configured with an identity, or with something else. */
const configure: Record<string, (text: string) => Configured | Promise<Configured>> = {
  MCP_AUTH_IDENTITY_FILE: (text) => ({ variables: { MCP_AUTH_IDENTITY_FILE: writeIdentity(text) } }),
  MCP_AUTH_IDENTITY_COMMAND: (text) => ({ variables: { MCP_AUTH_IDENTITY_COMMAND: `cat '${writeIdentity(text)}'` } }),
  'mcp-auth config identity-file': (text) => ({ preferences: { 'identity-file': writeIdentity(text) } }),
  'mcp-auth config identity-command': (text) => ({ preferences: { 'identity-command': `cat "${writeIdentity(text)}"` } }),
  '$CREDENTIALS_DIRECTORY/mcp-auth.identity': (text) => ({
    variables: { CREDENTIALS_DIRECTORY: path.dirname(writeIdentity(text, 'mcp-auth.identity')) },
  }),
};
const sourcesOfText = identitySources.filter(({ name }) => name in configure);

test('each source is tested', () => {
  expect(identitySources.map(({ name }) => name)).toEqual([...Object.keys(configure), 'mcp-auth agent unlock']);
});

test.each(identitySources)('$name: nothing is configured', async (source) => {
  expect(await source.find(createMachine().machine)).toBeUndefined();
});

describe.each(sourcesOfText)('$name', (source) => {
  const configured = async (text: string) => {
    const { machine, warnings } = createMachine(await configure[source.name]?.(text));
    const identity = await source.find(machine);
    if (identity === undefined) throw new Error('not configured');
    return { identity, machine, warnings };
  };

  test('opens a seal, and knows its recipient', async () => {
    const { text, recipient } = await createIdentity(0);
    const { identity, warnings } = await configured(text);
    const seal = await createSeal([recipient], Buffer.alloc(32, 3));
    expect(Buffer.from(await identity.open(seal))).toEqual(Buffer.alloc(32, 3));
    expect(await identity.listRecipients()).toEqual([recipient]);
    expect(warnings).toEqual([]);
  });

  test.each(['', 'x', '-----BEGIN AGE ENCRYPTED FILE-----\n'])(
    'what is not an identity is an error that names the source: %j',
    async (text) => {
      const { recipient } = await createIdentity(0);
      const { identity } = await configured(text);
      const seal = await createSeal([recipient]);
      await expect(identity.open(seal)).rejects.toMatchObject({
        code: 'identity_needed',
        message: expect.stringContaining(identity.what) as string,
      });
    },
  );

  test('if its identity is another one, the next source is not tried', async () => {
    const [right, wrong] = await Promise.all([createIdentity(0), createIdentity(0)]);
    const { variables: others, preferences: otherPreferences } = await allConfigured(right.text);
    const mine = await configure[source.name]?.(wrong.text);
    const variables = { ...(sourcesOfText.indexOf(source) < 2 ? others : {}), ...mine?.variables };
    // The sources before this one are not configured.
    if (source.name === 'MCP_AUTH_IDENTITY_COMMAND') delete variables['MCP_AUTH_IDENTITY_FILE'];
    const preferences = source.name === 'mcp-auth config identity-command' ? {} : otherPreferences;
    const given = { variables: { ...variables }, preferences: source.name.startsWith('$') ? {} : { ...preferences, ...mine?.preferences } };
    const keyring = new Keyring({ ...createMachine(given).machine, clock: testClock() });
    await expect(keyring.openSeal(await createSeal([right.recipient]))).rejects.toMatchObject({
      code: 'identity_needed',
      message: expect.stringContaining('does not open the store') as string,
    });
  });
});

async function allConfigured(text: string): Promise<Configured> {
  const all = await Promise.all(Object.values(configure).map(async (one) => one(text)));
  return {
    variables: Object.assign({}, ...all.map(({ variables }) => variables)) as Record<string, string>,
    preferences: Object.assign({}, ...all.map(({ preferences }) => preferences)) as Record<string, string>,
  };
}

describe('files', () => {
  const fileSource = identitySources[0];
  const find = async (file: string) => {
    const { machine, warnings } = createMachine({ variables: { MCP_AUTH_IDENTITY_FILE: file } });
    const identity = await fileSource?.find(machine);
    const read = await identity?.readText?.().catch((error: unknown) => error as { code: string; message: string });
    return { read, warnings };
  };

  test('a file that others can read is used with a warning', async () => {
    const { text } = await createIdentity(0);
    const file = writeIdentity(text);
    chmodSync(file, 0o644);
    expect(await find(file)).toEqual({
      read: text,
      warnings: [`${file} can be read by other users of this machine. Run: chmod 600 ${file}`],
    });
  });

  test('a file that does not exist, a folder, and a large file are errors', async () => {
    expect((await find('/nonexistent')).read).toMatchObject({
      code: 'identity_needed',
      message: expect.stringContaining('ENOENT') as string,
    });
    expect((await find(temporaryFolder())).read).toMatchObject({ code: 'identity_needed' });
    expect((await find(writeIdentity('#'.repeat(100_000)))).read).toMatchObject({ code: 'identity_needed' });
  });

  test('a credential that systemd has not given is not configured', async () => {
    const folder = path.join(temporaryFolder(), 'credentials');
    mkdirSync(folder);
    expect(await identitySources[4]?.find(createMachine({ variables: { CREDENTIALS_DIRECTORY: folder } }).machine)).toBeUndefined();
  });
});

describe('commands', () => {
  test.each([
    { line: 'false', says: 'has failed (exit code 1)' },
    { line: '/nonexistent', says: 'cannot be run' },
    { line: 'yes', says: 'prints too much' },
    { line: '"unclosed', says: 'is empty' },
    { line: 'cat', says: 'has no identity' },
  ])('$line: $says', async ({ line, says }) => {
    const { machine } = createMachine({ variables: { MCP_AUTH_IDENTITY_COMMAND: line } });
    const identity = await identitySources[1]?.find(machine);
    const { recipient } = await createIdentity(0);
    await expect(identity?.open(await createSeal([recipient]))).rejects.toMatchObject({
      code: 'identity_needed',
      message: expect.stringContaining(says) as string,
    });
  });

  test('no shell runs it', async () => {
    const { machine } = createMachine({ variables: { MCP_AUTH_IDENTITY_COMMAND: 'echo $HOME; echo "#"' } });
    expect(await (await identitySources[1]?.find(machine))?.readText?.()).toBe('$HOME; echo #\n');
  });

  test.each([
    ['win32', 'echo C:\\op\\op.exe "a b"', 'C:\\op\\op.exe a b\n'],
    ['linux', 'echo C:\\op\\op.exe "a b"', 'C:opop.exe a b\n'],
  ] as const)('a backslash is what it is on %s', async (platform, line, printed) => {
    const { machine } = createMachine({ variables: { MCP_AUTH_IDENTITY_COMMAND: line }, platform });
    expect(await (await identitySources[1]?.find(machine))?.readText?.()).toBe(printed);
    expect(checkIdentityCommand(line, platform)).toBe(line);
    expect(() => checkIdentityCommand('"op', platform)).toThrow('a quote is not closed');
  });

  test('it is run once, however many seals are opened', async () => {
    const { text, recipient } = await createIdentity(0);
    const { machine } = createMachine({ variables: { MCP_AUTH_IDENTITY_COMMAND: `cat ${writeIdentity(text)}` } });
    let runs = 0;
    const counting: IdentityMachine['startProgram'] = (...given) => {
      runs += 1;
      return machine.startProgram(...given);
    };
    const keyring = new Keyring({ ...machine, startProgram: counting, clock: testClock() });
    await Promise.all([1, 2].map(async () => keyring.openSeal(await createSeal([recipient]))));
    expect(runs).toBe(1);
  });

  test('one that does not end is stopped', async () => {
    const { machine } = createMachine({ variables: { MCP_AUTH_IDENTITY_COMMAND: 'sleep 1000' } });
    // The alarm rings at once.
    const clock = { alarm: (_: number, action: () => void) => (setImmediate(action), () => undefined) };
    const identity = await identitySources[1]?.find({ ...machine, clock });
    await expect(identity?.readText?.()).rejects.toMatchObject({
      message: expect.stringContaining('has not ended after 120 seconds') as string,
    });
  });
});

test('an agent that is too old, or responds with nonsense, is an error', async () => {
  const runtime = temporaryFolder();
  mkdirSync(path.join(runtime, 'mcp-auth'), { mode: 0o700 });
  const variables = { XDG_RUNTIME_DIR: runtime, HOME: runtime };
  const { machine } = createMachine({ variables });
  const socket = machine.openAgents()?.findOwnerSocket('/store.json') ?? '';
  await fakeAgent({}, socket);
  const keyring = new Keyring({ ...machine, clock: testClock() });
  await expect(keyring.openSeal({ recipients: [], key: 'k' })).rejects.toMatchObject({ code: 'identity_needed' });
});
