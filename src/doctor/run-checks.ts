import { findAtAgents } from '../agent-client/lookup.js';
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
const notAProblem = 'no_login_needed';

/**
 * Checks every step of a login to `target`; without a target, checks this machine and its stored logins.
 *
 * @param report receives each finding as soon as it is available.
 * @returns the exit code of the first failure, with which a login or a token request would end too; 0 without a failure.
 */
export async function runChecks(target: LoginTarget | undefined, report: (finding: Finding) => void, context: Context): Promise<number> {
  let code: number = exitCodes.done;
  const subject = target && (await createSubject(target, context));
  let accessError: unknown;
  const withoutAccess = (error: unknown) => {
    accessError = error;
    return context;
  };
  const contextWithAccess = subject ? await withAccess(subject.entry, context).catch(withoutAccess) : context;
  const recording = subject ? { ...contextWithAccess, http: recordResponses(contextWithAccess.http, subject.responses) } : context;
  const runCheck = async <S extends CheckedServer | undefined>(check: Check<S>, of: S) => {
    for (const found of await collectResults(() => check.run(of, recording), context)) {
      const seen = subject?.isUsable ? toWarning(found) : found;
      if (seen.verdict === 'failure' && code === exitCodes.done) code = getExitCode(seen);
      report({
        step: check.name,
        ...(check.source !== undefined && { source: check.source }),
        ...redactResult(hideQuery(seen, subject?.url), context),
      });
    }
  };
  for (const check of machineChecks) await runCheck(check, subject);
  // The other checks can still run.
  if (accessError !== undefined)
    await runCheck({ name: 'Headers and client certificate', run: () => Promise.reject(accessError) }, subject);
  if (subject) for (const check of serverChecks) await runCheck(check, subject);
  for (const check of finalChecks) await runCheck(check, subject);
  return code;
}

/** A problem of the next login is only a warning if the stored login works. */
function toWarning(seen: CheckResult): CheckResult {
  if (seen.verdict !== 'failure') return seen;
  return {
    verdict: 'warning',
    hint: seen.hint,
    seen: `${seen.seen.replace(/[^.]$/, '$&.')} The stored login still works; a new login would fail.`,
  };
}

function getExitCode({ code }: CheckResult): number {
  return code === undefined ? exitCodes.failed : new AuthError(code, '').exitCode;
}

async function createSubject({ name, expandedUrl }: LoginTarget, context: Context): Promise<CheckedServer> {
  // The checks of the store and of the agents report what cannot be read or reached.
  const entry = findServer(await context.store.read().catch(() => ({})), name);
  const atAgent = await findAtAgents({ name }, context).catch(() => undefined);
  return {
    atAgent,
    name,
    url: new URL(expandedUrl),
    entry,
    login: readLogin(entry),
    settings: readSettings(entry),
    responses: [],
  };
}

async function collectResults(run: () => ReturnType<Check['run']>, { signal }: Context): Promise<readonly CheckResult[]> {
  try {
    const results = await run();
    if (results === undefined) return [];
    return 'verdict' in results ? [results] : results;
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, message, hint } = toAuthError(error);
    return [code === notAProblem ? fine(message) : { verdict: 'failure', seen: message, hint, code }];
  }
}

/** The result with secrets redacted. */
function redactResult(found: CheckResult, { env: { secrets } }: Context): CheckResult {
  if (secrets === undefined) return found;
  const hint = found.hint === undefined ? {} : { hint: secrets.redactSentence(found.hint) };
  return { ...found, seen: secrets.redactSentence(found.seen), ...hint };
}

/** Hides the query of the server's URL, because some servers have an API key there. */
function hideQuery(seen: CheckResult, url: URL | undefined): CheckResult {
  if (url === undefined || url.search === '') return seen;
  const hide = (text: string) => text.replaceAll(url.search, '?…').replaceAll(url.search.slice(1), '…');
  return { ...seen, seen: hide(seen.seen), ...(seen.hint !== undefined && { hint: hide(seen.hint) }) };
}
