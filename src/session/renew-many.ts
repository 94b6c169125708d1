/** Renews many logins at once in the refresher, or in this process if no refresher can be started. */
import type { Context } from '../context.js';
import { toAuthError } from '../errors.js';
import { renewEach, type RenewalResult } from './renew-each.js';
import { renewInRefresher, type RefresherOutcome } from './renew-in-refresher.js';
import { readStoredLogin } from './stored-login.js';
import type { StoreDocument } from '../store/document.js';

/** As `renewEach`. */
export async function renewMany(names: readonly string[], report: (result: RenewalResult) => void, context: Context): Promise<void> {
  const { refresher } = context;
  const outcomes: RefresherOutcome[] = [];
  const take = (outcome: RefresherOutcome) => {
    outcomes.push(outcome);
  };
  if (refresher === undefined || names.length === 0 || !(await renewInRefresher({ names, take }, { refresher, context }))) {
    await renewEach(names, report, { ...context, refresher: undefined });
    return;
  }
  const document = await context.store.read();
  for (const { name, failure } of outcomes) {
    report(failure === undefined ? readResult(name, document, context) : { name, failure });
  }
}

/** The login may have been removed from the store in the meantime. */
function readResult(name: string, document: StoreDocument, context: Context): RenewalResult {
  try {
    return { name, login: readStoredLogin(document, name, context) };
  } catch (error) {
    return { name, failure: toAuthError(error) };
  }
}
