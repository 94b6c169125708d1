/** What an app is to call a server of the store. */
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { serverNamePattern } from '../store/document.js';
import { toServerName, isUsableName } from '../store/usable-name.js';
import { expandsToUrl } from '../store/variables.js';
import type { App } from './app.js';
import type { AppServer } from './configuration.js';

/**
 * What an app calls a server of the store: `name`, or what it calls the server with the same URL that it has already.
 *
 * @param others are the names of the other servers in the store: an entry that has one of these is that one's.
 * @throws AuthError `usage` when the app has that server under several names.
 */
export function chooseNameInApp(
  servers: readonly AppServer[],
  {
    app,
    name,
    url,
    others,
    env,
  }: { app: App; name: string; url: string | undefined; others: readonly string[]; env: Pick<Env, 'variables'> },
): string {
  const isSame = (one: AppServer) => one.url !== undefined && url !== undefined && expandsToUrl(one.url, url, env);
  const named = servers.find((one) => one.name === name);
  if (named !== undefined && (named.login === name || isSame(named))) return name;
  const connected = servers.find((one) => one.login === name);
  if (connected !== undefined) return connected.name;
  // One with a token of its own may be another account there, unless it is called as this one is.
  const isIt = (one: AppServer) => isSame(one) && (one.how === 'own' || (one.how === 'header' && toServerName(one.name) === name));
  const taken = new Set(others);
  const found = servers.filter(
    (one) => isIt(one) && !taken.has(one.name) && (isUsableName(one.name) || !taken.has(toServerName(one.name))),
  );
  const [first, second] = [...found.filter((one) => toServerName(one.name) === name), ...found];
  if (first === undefined) return name;
  if (second === undefined || second === first || toServerName(first.name) === name) return first.name;
  throw new AuthError(
    'usage',
    `${app.summary} has ${name} under ${found.length} names: ${found.map((one) => quote(one.name)).join(', ')}.`,
    {
      hint: 'Choose one with --as.',
    },
  );
}

/** @throws AuthError `usage` for a name that the app takes for no server. */
export function checkNameInApp(app: App, name: string): void {
  if (!app.requiresPlainNames || serverNamePattern.test(name)) return;
  throw new AuthError(
    'usage',
    `${app.summary} takes only letters, digits, “-” and “_” in the name of a server, and ${quote(name)} has others.`,
    {
      hint: 'Choose another name with --as.',
    },
  );
}
