/**
 * A login that several processes share. Each app starts a bridge of its own, and they may all need the same login at once: the
 * user must get one code, not one for each app. The attempt is a two-step login (two-steps.ts), which any of them may finish.
 */
import type { Context } from '../context.js';
import { getFlow } from '../flows/index.js';
import { parseChallenge } from '../oauth/challenge.js';
import { describeStart, findRunningAttempts, startLogin, type StartedLogin, type StoredAttempt } from './two-steps.js';
import type { LoginRequest } from './preparation.js';

export interface JoinedLogin {
  readonly login: StartedLogin;
  /** Whether it was started now. */
  readonly isNew: boolean;
}

/** Milliseconds that an attempt must still be valid for: a user needs time to approve. */
const leastTimeLeft = 60_000;

/**
 * The running login to a server, or a new one.
 *
 * @param checkMayStart is called before a new login is started, and throws if it must not be.
 * @throws AuthError as `startLogin` does.
 */
export async function joinLogin(
  { request, checkMayStart }: { request: LoginRequest; checkMayStart: () => void },
  context: Context,
): Promise<JoinedLogin> {
  return context.store.withLoginStartLock(request.name, async () => {
    const running = await findRunningLogin(request, context);
    if (running !== undefined) return { login: running, isNew: false };
    checkMayStart();
    return { login: await startLogin(request, context), isNew: true };
  });
}

/** The newest running login that serves the request. Undefined if there is none. */
export async function findRunningLogin(
  { name, url, challenge }: Pick<LoginRequest, 'name' | 'url' | 'challenge'>,
  context: Context,
): Promise<StartedLogin | undefined> {
  const scopes = parseChallenge(challenge ?? null)?.scope?.split(' ') ?? [];
  const running = await findRunningAttempts({ server: name, name }, context);
  const found = running.find(
    (one) => one.url === url && one.expires_at * 1000 - context.clock.now() >= leastTimeLeft && hasScopes(one, scopes),
  );
  if (found === undefined) return undefined;
  return { attempt: found.attempt, expiresAt: found.expires_at * 1000, ...describeStart(getFlow(found.flow), found.state) };
}

function hasScopes({ scope = '' }: StoredAttempt, wanted: readonly string[]): boolean {
  const requested = scope.split(' ');
  return wanted.every((one) => requested.includes(one));
}
