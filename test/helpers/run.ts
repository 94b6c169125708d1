/** Runs a whole command in this process. All code is real; the streams, the clock and the browser are the test's. */
import { PassThrough } from 'node:stream';
import { runCli } from '../../src/cli.js';
import type { Refresher } from '../../src/effects.js';
import { createInterruptedError } from '../../src/errors.js';
import { createAgents } from '../../src/machine/agents.js';
import { testClock, type TestClock } from './clock.js';
import { completeMatch } from './complete.js';

export interface RunOptions {
  /** The store's file. */
  readonly store: string;
  /** `none` is /dev/null, text is a pipe that ends after it, `open` a pipe that the test writes to, `terminal` a user. */
  readonly stdin?: 'none' | 'open' | 'terminal' | { readonly text: string };
  readonly clock?: TestClock;
  readonly env?: Record<string, string>;
  readonly openBrowser?: (url: string) => Promise<boolean>;
  readonly runProgram?: (words: readonly string[], environment: NodeJS.ProcessEnv) => number;
  /** Renews tokens in place of this process. */
  readonly refresher?: Refresher;
  /** Whether agents are asked, whose sockets the environment of the test names. */
  readonly agents?: boolean;
  readonly tmux?: (words: readonly string[]) => string | undefined;
  /** The working directory of the command. */
  readonly folder?: string;
  readonly platform?: NodeJS.Platform;
  /** Columns of the terminal. */
  readonly columns?: number;
}

export interface Run {
  /** Resolves to the exit code. */
  readonly exit: Promise<number>;
  readonly clock: TestClock;
  /** The output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The events of `--json`. */
  readonly events: Record<string, unknown>[];
  type(text: string): void;
  /** Ends stdin. */
  end(): void;
  interrupt(): void;
  /** Resolves to the next match on stderr after the previous one. Rejects if the command ends without it. */
  shown(pattern: RegExp): Promise<string>;
}

/** Starts a command line, given as words or as text that is split at spaces. */
export function run(
  line: string | readonly string[],
  {
    store,
    stdin = 'none',
    clock = testClock(),
    env = {},
    openBrowser,
    runProgram,
    refresher,
    agents = false,
    tmux,
    columns = 100,
    folder = '/',
    platform = 'linux',
  }: RunOptions,
): Run {
  const input = Object.assign(new PassThrough(), { isTTY: stdin === 'terminal', setRawMode: () => input });
  const output = collected(false);
  const errors = collected(stdin === 'terminal', columns);
  const interrupt = new AbortController();
  if (typeof stdin === 'object') input.end(stdin.text);

  const variables = { MCP_AUTH_STORE: store, MCP_AUTH_PREFERENCES: `${store}.preferences.json`, NO_COLOR: '1', ...env };
  const exit = runCli({
    argv: typeof line === 'string' ? line.split(' ').filter(Boolean) : line,
    stdin: stdin === 'none' ? undefined : (input as unknown as NodeJS.ReadStream),
    stdout: output.stream,
    stderr: errors.stream,
    env: {
      variables,
      platform,
      folder,
      program: ['/usr/bin/node', '/opt/mcp-auth/bin.js'],
      exists: () => false,
    },
    clock,
    hold: () => () => undefined,
    refresher,
    agents: agents ? createAgents({ variables, platform }) : undefined,
    runProgram: (words, environment) => Promise.resolve(runProgram?.(words, environment) ?? 0),
    runTmux: (words) => Promise.resolve(tmux?.(words)),
    raise: (signal) => {
      if (signal === 'SIGINT') interrupt.abort(createInterruptedError());
    },
    openBrowser: openBrowser ?? (() => Promise.resolve(false)),
    interrupt: interrupt.signal,
  });

  return {
    exit,
    clock,
    get stdout() {
      return output.text();
    },
    get stderr() {
      return errors.text();
    },
    get events() {
      return (
        output
          .text()
          .split('\n')
          // The text after the last line end is still being written.
          .slice(0, -1)
          .filter((line) => line.trim() !== '')
          .map((one) => JSON.parse(one) as Record<string, unknown>)
      );
    },
    type: (text) => void input.write(text),
    end: () => void input.end(),
    interrupt: () => interrupt.abort(createInterruptedError()),
    shown: async (pattern) => {
      const ended = exit.then((code) => {
        throw new Error(`ended with ${code} before ${pattern} was shown:\n${errors.text()}`);
      });
      const match = await Promise.race([errors.matching(pattern), ended]);
      ended.catch(() => undefined);
      return match;
    },
  };
}

/** A stream that collects its text, and can wait for a match in it. */
function collected(isTTY: boolean, columns?: number) {
  let text = '';
  let seen = 0;
  let waiting: (() => void)[] = [];
  // With this mark, Node does not end the stream when a stream that is piped into it ends.
  const stream = Object.assign(new PassThrough(), { isTTY, columns, _isStdio: true });
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    for (const wake of waiting.splice(0)) wake();
  });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    text: () => text,
    matching: async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const match = completeMatch(pattern, text.slice(seen), text.length - seen);
        if (match) {
          seen += match.index + match[0].length;
          return match[1] ?? match[0];
        }
        await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
      }
    },
  };
}
