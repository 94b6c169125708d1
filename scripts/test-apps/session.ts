/** A login from inside a running session: what the played model and the user do, and what was seen. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Person } from '../../test/helpers/person.js';
import type { Home } from './home.js';
import { findTool, type Player } from './model.js';

/** What the server's tool answers. */
export const greeting = 'Hello from behind the login';

/** A model that repeats a call in vain gives up. */
const maxCalls = 8;

export interface Scene {
  /** The tool that the model calls first; then it calls `greet`. */
  readonly first: 'log_in' | 'greet';
  /** Ends the login after the first greeting. The model then wants another. */
  readonly endLogin?: () => Promise<void>;
}

export interface Session {
  readonly play: Player;
  /** The results of the tool calls, as the model got them, oldest first. */
  readonly results: () => readonly string[];
  /** Whether the model has got what it wanted. */
  readonly isDone: () => boolean;
}

/** Plays a model whose user approves each login that it is shown. */
export function createSession({ first, endLogin }: Scene): Session {
  const wantedGreetings = endLogin === undefined ? 1 : 2;
  const approved = new Set<string>();
  let seen: readonly string[] = [];
  let hasEnded = false;
  const countGreetings = () => seen.filter((text) => text.includes(greeting)).length;
  return {
    results: () => seen,
    isDone: () => countGreetings() >= wantedGreetings,
    play: async ({ tools, results }) => {
      if (results.length > seen.length) seen = results;
      const last = results.at(-1) ?? '';
      const invitation = readInvitation(last);
      if (invitation !== undefined && !approved.has(invitation.userCode)) {
        approved.add(invitation.userCode);
        await new Person().approveDevice(invitation.address, invitation.userCode);
      }
      const say = { say: `It said: ${last}` };
      if (countGreetings() >= wantedGreetings || results.length >= maxCalls) return say;
      if (countGreetings() === 1 && !hasEnded) {
        hasEnded = true;
        await endLogin?.();
      }
      const isLoggedIn = results.some((text) => text.includes('Logged in.'));
      const call = findTool(tools, isLoggedIn ? 'greet' : first);
      return call === undefined ? say : { call };
    },
  };
}

/** The address and the user code in the text of a tool result, which an app may have put into JSON, once or twice. */
export function readInvitation(text: string): { address: string; userCode: string } | undefined {
  const address = /on any device:(?:\s|\\+n)*(https?:[^\s"\\]+)/.exec(text)?.[1];
  const userCode = /enter the code: ([A-Z0-9-]+)/.exec(text)?.[1];
  return address === undefined || userCode === undefined ? undefined : { address, userCode };
}

interface Recorded {
  readonly from: 'app' | 'bridge';
  readonly message: {
    readonly id?: unknown;
    readonly method?: string;
    readonly params?: { readonly capabilities?: { readonly elicitation?: { readonly url?: object } } };
    readonly result?: { readonly action?: string };
  };
}

/** What the app did with the dialogs: its answers, `declared` if it was asked nothing, '' if it has no dialogs with a URL. */
export function readDialogs({ folder }: Home): string {
  const lines = readFileSync(path.join(folder, 'bridge.jsonl'), 'utf8').trim().split('\n');
  const said = lines.map((line) => JSON.parse(line) as Recorded).filter(({ from }) => from === 'app');
  const isDeclared = said.some(({ message }) => message.params?.capabilities?.elicitation?.url !== undefined);
  const actions = said.flatMap(({ message: { method, result } }) => (method === undefined && result?.action ? [result.action] : []));
  return actions.length > 0 ? [...new Set(actions)].join(', ') : isDeclared ? 'declared' : '';
}
