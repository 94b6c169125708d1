/** How an app is given prompts, one after the other in one running session. */
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '../../test/helpers/listen.js';
import { appTimeout, readOutput, startProgram, type Home } from './home.js';
import { startLineProgram, type LineProgram } from './line-program.js';

/** Gives the app what `next` returns, until that is nothing. */
export type Converse = (home: Home, next: () => string | undefined) => Promise<void>;

/** The same prompt up to `limit` times, while the model has not got what it wants. */
export function createPrompts({ limit, isDone }: { limit: number; isDone: () => boolean }) {
  let count = 0;
  return {
    count: () => count,
    next: () => {
      if (isDone() || count === limit) return undefined;
      count += 1;
      return 'Greet me';
    },
  };
}

/** One prompt, in a command that ends with the session. The prompt is in the words. */
export function givePrompt(command: string, words: readonly string[]): Converse {
  return async (home, next) => {
    if (next() !== undefined) await readOutput(home, command, words);
  };
}

/** By messages on stdin in the form of Claude Code's SDK. */
export function converseByStreamJson(command: string, words: readonly string[]): Converse {
  const formats = ['--input-format', 'stream-json', '--output-format', 'stream-json'];
  return withProgram({ command, words: [...words, ...formats] }, async (program, _, next) => {
    for (let text = next(); text !== undefined; text = next()) {
      const result = program.heard(({ type }) => type === 'result');
      program.send({ type: 'user', message: { role: 'user', content: text }, parent_tool_use_id: null });
      await result;
    }
  });
}

/** By the app server of Codex, as its extensions do. */
export const converseWithCodex: Converse = withProgram({ command: 'codex', words: ['app-server'] }, async (program, home, next) => {
  await program.request('initialize', { clientInfo: { name: 'test', title: 'test', version: '1' } });
  program.send({ method: 'initialized' });
  const permissions = { approvalPolicy: 'never', sandbox: 'danger-full-access' };
  // A turn does not wait for the server's tools.
  const ready = program.heard(({ method, params }) => method === 'mcpServer/startupStatus/updated' && params?.['status'] === 'ready');
  const { thread } = await program.request('thread/start', { cwd: home.folder, ...permissions });
  const { id: threadId } = thread as { id: string };
  await ready;
  for (let text = next(); text !== undefined; text = next()) {
    const completed = program.heard(({ method }) => method === 'turn/completed');
    await program.request('turn/start', { threadId, input: [{ type: 'text', text }] });
    await completed;
  }
});

/** By the HTTP server of Continue. */
export const converseWithContinue: Converse = async (home, next) => {
  const { port, close } = await listen(() => undefined);
  await close();
  const program = startProgram(home, 'cn', ['serve', '--auto', '--port', String(port)]);
  const request = async (path: string, body?: object) => {
    const how = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await fetch(`http://127.0.0.1:${port}${path}`, how)).json() as Promise<{ isProcessing?: boolean; messageQueueLength?: number }>;
  };
  const untilIdle = async () => {
    const end = Date.now() + appTimeout;
    while (Date.now() < end && program.exitCode === null) {
      const state = await request('/state').catch(() => undefined);
      if (state?.isProcessing === false && state.messageQueueLength === 0) return;
      await wait(250);
    }
  };
  try {
    await untilIdle();
    for (let text = next(); text !== undefined; text = next()) {
      await request('/message', { message: text });
      await untilIdle();
    }
    await request('/exit', {});
  } finally {
    program.kill();
  }
};

type Talk = (program: LineProgram, home: Home, next: () => string | undefined) => Promise<void>;

function withProgram(options: Parameters<typeof startLineProgram>[1], talk: Talk): Converse {
  return async (home, next) => {
    const program = startLineProgram(home, options);
    try {
      await talk(program, home, next);
    } finally {
      program.end();
    }
  };
}
