/** The apps that npm has, and how each is asked what it reaches. */
import { converseByStreamJson, converseWithCodex, converseWithContinue, givePrompt, type Converse } from './converse.js';
import { listTools, readCodexStatus, readOutput, stopProcessOf, writeFile, type Home } from './home.js';
import type { Model } from './model.js';
import { greeting } from './session.js';

export type How = 'helper' | 'bridge' | 'header' | 'copy';

/** The servers of this run. */
export interface World {
  readonly model: Model;
  readonly mcpUrl: string;
}

export interface AppUnderTest {
  readonly name: string;
  readonly package: string;
  /** The version to test without `--latest`. */
  readonly version: string;
  readonly hows: readonly How[];
  readonly env?: (world: World) => Record<string, string>;
  /** Creates files that the app needs, before it is connected. */
  readonly prepare?: (home: Home, world: World) => Promise<unknown>;
  /** Gives the app prompts. Absent if it cannot be given the model that is played. */
  readonly converse?: Converse;
  /** When the app offers the model tools that the server has since the login, if not in the same turn. */
  readonly offersNewTools?: 'next prompt' | 'next session';
  /** How the app answers a dialog with a URL when there is no user. Absent if it has no such dialog. */
  readonly dialogAnswer?: 'cancel' | 'decline';
  /** Whether the app reports that it has reached the server. By default, it is given a prompt. */
  readonly isConnected?: (home: Home, world: World) => Promise<boolean>;
  /** Whether the app has found this tool. By default, it is given a prompt. Absent for an app that cannot be asked. */
  readonly hasTool?: (home: Home, tool: string, world: World) => Promise<boolean>;
  /** Stops what the app has left running. */
  readonly stop?: (home: Home) => Promise<void>;
}

/** The model as opencode and Kilo have it in their files. */
function formatProvider({ model }: World): string {
  const options = { baseURL: `${model.origin}/v1`, apiKey: 'none' };
  return JSON.stringify({ provider: { test: { npm: '@ai-sdk/openai-compatible', options, models: { test: {} } } }, model: 'test/test' });
}

export const apps: readonly AppUnderTest[] = [
  {
    name: 'claude-code',
    package: '@anthropic-ai/claude-code',
    version: '2.1.332',
    hows: ['helper', 'bridge', 'header', 'copy'],
    env: ({ model }) => ({
      ANTHROPIC_BASE_URL: model.origin,
      ANTHROPIC_API_KEY: 'none',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      // On a busy machine, the first prompt would go without the server's tools.
      MCP_CONNECTION_NONBLOCKING: 'false',
      MCP_CONNECT_TIMEOUT_MS: '60000',
    }),
    isConnected: async (home) => /demo:.*Connected/.test(await readOutput(home, 'claude', ['mcp', 'list'])),
    converse: givePrompt('claude', ['-p', 'Greet me', '--allowedTools', 'mcp__demo']),
    dialogAnswer: 'cancel',
  },
  {
    name: 'codex',
    package: '@openai/codex',
    version: '0.171.0',
    hows: ['helper', 'bridge', 'header', 'copy'],
    prepare: (home, { model }) => {
      const provider = `[model_providers.test]\nname = "test"\nbase_url = "${model.origin}/v1"\nwire_api = "responses"\n`;
      return writeFile(home, '.codex/config.toml', `model = "test"\nmodel_provider = "test"\n\n${provider}`);
    },
    isConnected: async (home) => (await readCodexStatus(home)).includes('"greet"'),
    hasTool: async (home, tool) => (await readCodexStatus(home)).includes(`"${tool}"`),
    converse: converseWithCodex,
    // It lists the tools once, and never again.
    offersNewTools: 'next session',
    dialogAnswer: 'decline',
  },
  {
    name: 'copilot',
    package: '@github/copilot',
    version: '1.0.102',
    hows: ['bridge', 'header'],
    env: ({ model }) => ({ COPILOT_OFFLINE: 'true', COPILOT_PROVIDER_BASE_URL: `${model.origin}/v1`, COPILOT_MODEL: 'test' }),
    converse: givePrompt('copilot', ['-p', 'Greet me', '--allow-all-tools']),
    dialogAnswer: 'decline',
  },
  {
    name: 'gemini',
    package: '@google/gemini-cli',
    version: '0.61.0',
    hows: ['bridge', 'header', 'copy'],
    env: ({ model }) => ({ GOOGLE_GEMINI_BASE_URL: model.origin, GEMINI_API_KEY: 'none' }),
    prepare: async (home) => {
      // Gemini CLI ignores servers in folders that are not trusted.
      await writeFile(home, '.gemini/trustedFolders.json', JSON.stringify({ [home.folder]: 'TRUST_FOLDER' }));
      await writeFile(home, '.gemini/settings.json', JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }));
    },
    isConnected: async (home) => /demo:.*Connected/.test(await readOutput(home, 'gemini', ['mcp', 'list'])),
    converse: givePrompt('gemini', ['-y', '-m', 'gemini-2.5-flash', '-p', 'Greet me']),
  },
  {
    name: 'qwen',
    package: '@qwen-code/qwen-code',
    version: '0.24.4',
    hows: ['bridge', 'header', 'copy'],
    env: ({ model }) => ({ OPENAI_BASE_URL: `${model.origin}/v1`, OPENAI_API_KEY: 'none', OPENAI_MODEL: 'test' }),
    isConnected: async (home) => /demo:.*Connected/.test(await readOutput(home, 'qwen', ['mcp', 'list'])),
    converse: converseByStreamJson('qwen', ['--auth-type', 'openai', '-y']),
    // It does not listen for changed lists.
    offersNewTools: 'next session',
  },
  {
    name: 'opencode',
    package: 'opencode-ai',
    version: '1.18.33',
    hows: ['bridge', 'header', 'copy'],
    prepare: (home, world) => writeFile(home, 'opencode.json', formatProvider(world)),
    isConnected: async (home) => (await readOutput(home, 'opencode', ['mcp', 'list'])).includes('✓ demo'),
    converse: givePrompt('opencode', ['run', 'Greet me']),
  },
  {
    name: 'kilo',
    package: '@kilocode/cli',
    version: '7.7.7',
    hows: ['bridge', 'header', 'copy'],
    prepare: (home, world) => writeFile(home, 'kilo.json', formatProvider(world)),
    isConnected: async (home) => (await readOutput(home, 'kilo', ['mcp', 'list'])).includes('✓ demo'),
    converse: givePrompt('kilo', ['run', 'Greet me']),
  },
  {
    name: 'amp',
    package: '@ampcode/cli',
    version: '0.0.1790142911-g7618fb',
    hows: ['bridge', 'header'],
    // It does not start without an account. Connections to this address are refused.
    env: () => ({ AMP_API_KEY: 'none', AMP_URL: 'http://127.0.0.1:9' }),
    isConnected: async (home) => /^demo .*: connected .*\bgreet\b/m.test(await readOutput(home, 'amp', ['mcp', 'doctor'])),
    hasTool: async (home, tool) =>
      new RegExp(`^demo .*: connected .*\\b${tool}\\b`, 'm').test(await readOutput(home, 'amp', ['mcp', 'doctor'])),
  },
  {
    name: 'qoder',
    package: '@qoder-ai/qodercli',
    version: '1.1.52',
    hows: ['helper', 'bridge', 'header'],
    isConnected: async (home) => /✓ demo:.*Connected/.test(await readOutput(home, 'qodercli', ['mcp', 'list'])),
  },
  {
    name: 'mcporter',
    package: 'mcporter',
    version: '0.12.3',
    hows: ['bridge', 'header'],
    isConnected: async (home) => (await readOutput(home, 'mcporter', ['call', 'demo.greet'])).includes(greeting),
    hasTool: async (home, tool) => (await readOutput(home, 'mcporter', ['list', 'demo'])).includes(`function ${tool}(`),
  },
  {
    name: 'cline',
    package: 'cline',
    version: '3.0.65',
    hows: ['bridge', 'header', 'copy'],
    prepare: (home, { model }) =>
      readOutput(home, 'cline', ['auth', '-p', 'openai', '-k', 'none', '-m', 'test', '-b', `${model.origin}/v1`]),
    converse: givePrompt('cline', ['Greet me']),
    offersNewTools: 'next session',
    stop: (home) => stopProcessOf(home, '.cline/data/locks/hub/production.json'),
  },
  {
    name: 'continue',
    package: '@continuedev/cli',
    version: '1.5.47',
    hows: ['bridge', 'header'],
    prepare: (home, { model }) => {
      const models = `models:\n  - name: test\n    provider: openai\n    model: test\n    apiBase: ${model.origin}/v1\n    apiKey: none\n`;
      return writeFile(home, '.continue/config.yaml', `name: test\nversion: 1.0.0\nschema: v1\n${models}`);
    },
    converse: converseWithContinue,
    offersNewTools: 'next session',
  },
  {
    name: 'mcp-remote',
    package: 'mcp-remote',
    version: '0.15.1',
    hows: ['copy'],
    isConnected: async (home, { mcpUrl }) => (await listTools(home, 'mcp-remote', [mcpUrl])).includes('greet'),
  },
];
