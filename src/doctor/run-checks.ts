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

/** The error code that is not a problem: the server needs no login. */
const harmless = 'no_login_needed';

/**
 * Checks every step of a login to `target`; without a target, checks this machine and its stored logins.
 *
 * @param tell is told each finding as soon as there is one.
 * @returns the exit code of the first failure, with which a login or a token request would end too; 0 without a failure.
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
  // The other checks can still run.
  if (unsent !== undefined) await take({ name: 'Headers and client certificate', run: () => Promise.reject(unsent) }, subject);
  if (subject) for (const step of serverChecks) await take(step, subject);
  for (const step of finalChecks) await take(step, subject);
  return code;
}

/** A problem of the next login is only a warning if the stored login works. */
function asForLater(seen: CheckResult): CheckResult {
  if (seen.verdict !== 'failure') return seen;
  return { verdict: 'warning', hint: seen.hint, seen: `${seen.seen} The stored login still works; a new login would fail.` };
}

function exitCodeOf({ code }: CheckResult): number {
  return code === undefined ? exitCodes.failed : new AuthError(code, '').exitCode;
}

async function subjectOf({ name, expandedUrl: address }: LoginTarget, { store }: Context): Promise<CheckedServer> {
  // The check of the store reports a store that cannot be read.
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

/** The result with secrets redacted. */
function toldOf(found: CheckResult, { env: { secrets } }: Context): CheckResult {
  if (secrets === undefined) return found;
  const hint = found.hint === undefined ? {} : { hint: secrets.redactSentence(found.hint) };
  return { ...found, seen: secrets.redactSentence(found.seen), ...hint };
}

/** Hides the query of the server's URL, because some servers have an API key there. */
function withoutQuery(seen: CheckResult, url: URL | undefined): CheckResult {
  if (url === undefined || url.search === '') return seen;
  const hide = (text: string) => text.replaceAll(url.search, '?…').replaceAll(url.search.slice(1), '…');
  return { ...seen, seen: hide(seen.seen), ...(seen.hint !== undefined && { hint: hide(seen.hint) }) };
}
