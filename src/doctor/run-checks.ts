import type { Context } from '../context.js';
import { AuthError, exitCodes, toAuthError } from '../errors.js';
import type { LoginTarget } from '../login/target.js';
import { findServer } from '../store/document.js';
import { withAccess } from '../session/server-access.js';
import { readLogin } from '../store/login.js';
import { readSettings } from '../store/settings.js';
import { finalChecks, machineChecks, serverChecks } from './index.js';
import { fine, type Finding, type CheckResult, type Check, type CheckedServer } from './check.js';
import { recordResponses } from './recorded-responses.js';

/** Where a look is told that there is nothing to be mended. */
const harmless = 'no_login_needed';

/**
 * Walks the chain that a login to `target` walks, or, without one, looks at this machine and at the logins that it has.
 *
 * @param tell is told each finding as soon as there is one.
 * @returns the exit code: that of the first failure, which is the one that a login or a token would end with; 0 without any.
 */
export async function runChecks(target: LoginTarget | undefined, tell: (finding: Finding) => void, context: Context): Promise<number> {
  let code: number = exitCodes.done;
  const subject = target && (await subjectOf(target, context));
  let unsent: unknown;
  const withoutAccess = (error: unknown) => {
    unsent = error;
    return context;
  };
  const asItWants = subject ? await withAccess(subject.entry, context).catch(withoutAccess) : context;
  const watched = subject ? { ...asItWants, http: recordResponses(asItWants.http, subject.responses) } : context;
  const take = async <S extends CheckedServer | undefined>(step: Check<S>, of: S) => {
    for (const found of await seenBy(() => step.run(of, watched), context)) {
      const seen = subject?.isUsable ? asForLater(found) : found;
      if (seen.verdict === 'failure' && code === exitCodes.done) code = exitCodeOf(seen);
      tell({
        step: step.name,
        ...(step.source !== undefined && { source: step.source }),
        ...toldOf(withoutQuery(seen, subject?.url), context),
      });
    }
  };
  for (const step of machineChecks) await take(step, subject);
  // The rest of the chain can be looked at all the same.
  if (unsent !== undefined) await take({ name: 'Headers and client certificate', run: () => Promise.reject(unsent) }, subject);
  if (subject) for (const step of serverChecks) await take(step, subject);
  for (const step of finalChecks) await take(step, subject);
  return code;
}

/** What keeps a new login from being made is no failure of the one that there is. */
function asForLater(seen: CheckResult): CheckResult {
  if (seen.verdict !== 'failure') return seen;
  return { verdict: 'warning', hint: seen.hint, seen: `${seen.seen} The login that there is works all the same; a new one would fail.` };
}

function exitCodeOf({ code }: CheckResult): number {
  return code === undefined ? exitCodes.failed : new AuthError(code, '').exitCode;
}

async function subjectOf({ name, expandedUrl: address }: LoginTarget, { store }: Context): Promise<CheckedServer> {
  // A store that cannot be read is found by its own step.
  const entry = findServer(await store.read().catch(() => ({})), name);
  return { name, url: new URL(address), entry, login: readLogin(entry), settings: readSettings(entry), responses: [] };
}

async function seenBy(look: () => ReturnType<Check['run']>, { signal }: Context): Promise<readonly CheckResult[]> {
  try {
    const seen = await look();
    if (seen === undefined) return [];
    return 'verdict' in seen ? [seen] : seen;
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, message, hint } = toAuthError(error);
    return [code === harmless ? fine(message) : { verdict: 'failure', seen: message, hint, code }];
  }
}

/** What is seen, without what must not be told. */
function toldOf(found: CheckResult, { env: { secrets } }: Context): CheckResult {
  if (secrets === undefined) return found;
  const hint = found.hint === undefined ? {} : { hint: secrets.redactSentence(found.hint) };
  return { ...found, seen: secrets.redactSentence(found.seen), ...hint };
}

/** Some servers have a key in their URL, which is nobody's business. */
function withoutQuery(seen: CheckResult, url: URL | undefined): CheckResult {
  if (url === undefined || url.search === '') return seen;
  const hide = (text: string) => text.replaceAll(url.search, '?…').replaceAll(url.search.slice(1), '…');
  return { ...seen, seen: hide(seen.seen), ...(seen.hint !== undefined && { hint: hide(seen.hint) }) };
}
