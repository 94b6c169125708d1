/** Many logins renewed at once, by one process of its own, or by this one where there can be none. */
import type { Context } from '../context.js';
import { toAuthError } from '../errors.js';
import { renewEach, type RenewalResult } from './renew-each.js';
import { renewInRefresher, type RefresherOutcome } from './renew-in-refresher.js';
import { readStoredLogin } from './stored-login.js';
import type { StoreDocument } from '../store/document.js';

/** As `renewEach`. */
export async function renewMany(names: readonly string[], tell: (renewed: RenewalResult) => void, context: Context): Promise<void> {
  const { refresher } = context;
  const outcomes: RefresherOutcome[] = [];
  const take = (outcome: RefresherOutcome) => {
    outcomes.push(outcome);
  };
  if (refresher === undefined || names.length === 0 || !(await renewInRefresher({ names, take }, { refresher, context }))) {
    await renewEach(names, tell, { ...context, refresher: undefined });
    return;
  }
  const document = await context.store.read();
  for (const { name, failure } of outcomes) {
    tell(failure === undefined ? found(name, document, context) : { name, failure });
  }
}

/** A login may have been taken out of the store since. */
function found(name: string, document: StoreDocument, context: Context): RenewalResult {
  try {
    return { name, login: readStoredLogin(document, name, context) };
  } catch (error) {
    return { name, failure: toAuthError(error) };
  }
}
