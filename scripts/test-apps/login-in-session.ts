/** Logs in from inside running sessions of an app, as docs/logging-in.md describes under "From inside an app". */
import type { AppUnderTest, World } from './apps.js';
import { createPrompts, type Converse } from './converse.js';
import type { Home } from './home.js';
import { createSession, readDialogs, type Scene } from './session.js';
import { formatAnswer, formatTable } from './table.js';

/** A user who sees nothing of what was asked for asks once more. */
const maxPrompts = 2;

/** What this needs of the script. Every command is mcp-auth's, and recorded. */
export interface Setup {
  readonly world: World;
  readonly createHome: (app: AppUnderTest, name: string) => Promise<Home>;
  readonly mcpAuth: (home: Home, ...words: string[]) => Promise<void>;
  readonly storeLogin: (home: Home) => Promise<void>;
}

export interface SessionResult {
  readonly app: AppUnderTest;
  readonly hasLogIn: boolean;
  /** When the model was offered the server's tools, which the app had never seen before the login. */
  readonly newTools: 'same turn' | NonNullable<AppUnderTest['offersNewTools']> | 'never';
  /** Whether a tool that an earlier session has seen works after the login. */
  readonly remembered: boolean;
  /** Whether the tool works again after the login has ended in the session, and the user has logged in again. */
  readonly afterEnd: boolean;
  /** How the app answered dialogs; '' if it has none. */
  readonly dialogAnswer: string;
}

type SessionApp = AppUnderTest & { readonly converse: Converse };

/** Whether the app can be given the model that is played. */
export function isSessionApp(app: AppUnderTest): app is SessionApp {
  return app.converse !== undefined;
}

export async function logInInSessions(app: SessionApp, setup: Setup): Promise<SessionResult> {
  const { world, createHome, mcpAuth, storeLogin } = setup;
  const connect = (home: Home) => mcpAuth(home, 'connect', app.name, 'demo', '--how', 'bridge');
  const home = await createHome(app, 'never-logged-in');
  await mcpAuth(home, 'add', 'demo', world.mcpUrl);
  await connect(home);
  const first = await play(app, { home, world, scene: { first: 'log_in' } });
  const hasLogIn = world.model.wasOffered('log_in');
  await app.stop?.(home);
  const later = first.isDone ? first : await play(app, { home, world, scene: { first: 'greet' } });
  const newTools = first.isDone ? (first.prompts === 1 ? 'same turn' : 'next prompt') : later.isDone ? 'next session' : 'never';

  const loggedIn = await createHome(app, 'logged-in');
  await storeLogin(loggedIn);
  await connect(loggedIn);
  const endLogin = () => mcpAuth(loggedIn, 'logout', 'demo');
  const ended = await play(app, { home: loggedIn, world, scene: { first: 'greet', endLogin } });
  await app.stop?.(loggedIn);
  await endLogin();
  const again = await play(app, { home: loggedIn, world, scene: { first: 'greet' } });
  const dialogAnswer = readDialogs(home);
  const result: SessionResult = { app, hasLogIn, newTools, remembered: again.isDone, afterEnd: ended.isDone, dialogAnswer };
  const transcript = Object.entries({ first, later, ended, again }).map(([name, { results }]) => `${name}: ${JSON.stringify(results)}`);
  if (!isAsExpected(result)) process.stdout.write(`${app.name}:\n${transcript.join('\n')}\n`);
  return result;
}

/** Whether the app did what its record says, and everything else. */
export function isAsExpected({ app, hasLogIn, newTools, remembered, afterEnd, dialogAnswer }: SessionResult): boolean {
  return (
    hasLogIn && remembered && afterEnd && newTools === (app.offersNewTools ?? 'same turn') && dialogAnswer === (app.dialogAnswer ?? '')
  );
}

/** The results as a table, and what its columns mean. */
export function formatSessions(results: readonly SessionResult[], versionOf: (app: AppUnderTest) => string): string {
  const rows = results.map((result) => {
    const { app, dialogAnswer, hasLogIn, newTools, remembered, afterEnd } = result;
    const answers = [formatAnswer(hasLogIn), newTools, formatAnswer(remembered), formatAnswer(afterEnd)];
    return [app.name, versionOf(app), dialogAnswer || '–', ...answers, isAsExpected(result) ? '✓' : '✗'];
  });
  const table = formatTable([['app', 'version', 'URL dialog', 'log_in', 'new tools', 'known tools', 'login ended', ''], ...rows]);
  return [
    'Logins from inside a session, without a restart:',
    '',
    table,
    `${results.filter(isAsExpected).length} of ${results.length} as expected.`,
    '- URL dialog: how the app, without a user, answers a dialog with the address; "–" if it has none',
    '- log_in: whether the model is offered that tool before the login',
    '- new tools: when the model is offered tools that the app has never seen before the login',
    '- known tools: whether a tool that an earlier session has seen works after the login, in the same session',
    '- login ended: whether it works again when the login has ended in the session and the user has logged in again',
    '',
  ].join('\n');
}

interface Played {
  readonly isDone: boolean;
  readonly prompts: number;
  readonly results: readonly string[];
}

/** Gives the app prompts in one session, until the model has what it wants. */
async function play({ name, converse }: SessionApp, { home, world, scene }: { home: Home; world: World; scene: Scene }): Promise<Played> {
  const session = createSession(scene);
  world.model.play(session.play);
  const prompts = createPrompts({ limit: maxPrompts, isDone: session.isDone });
  try {
    await converse(home, prompts.next);
  } catch (error) {
    process.stdout.write(`${name}: ${String(error)}\n`);
  }
  return { isDone: session.isDone(), prompts: prompts.count(), results: session.results() };
}
