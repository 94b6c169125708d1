/** Chooses the name of a server in an app. */
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { serverNamePattern } from '../store/document.js';
import { toServerName, isUsableName } from '../store/usable-name.js';
import { expandsToUrl } from '../store/variables.js';
import type { App } from './app.js';
import type { AppServer } from './configuration.js';

/**
 * The name of a server in an app: `name`, or the name of an existing entry with the same URL.
 *
 * @param others the names of the other servers in the store. An entry with one of these names belongs to that server.
 * @throws AuthError `usage` if the app has the server under several names.
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
  // An entry with its own token may be another account, unless it has the same name.
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

/** @throws AuthError `usage` for a server name that the app does not accept. */
export function checkNameInApp(app: App, name: string): void {
  if (!app.requiresPlainNames || serverNamePattern.test(name)) return;
  throw new AuthError('usage', `${app.summary} accepts only letters, digits, “-” and “_” in the name of a server: ${quote(name)}.`, {
    hint: 'Choose another name with --as.',
  });
}
