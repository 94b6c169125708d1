/** Many logins renewed at once, by one process of its own, or by this one where there can be none. */
import type { Context } from '../context.js';
import { toAuthError } from '../errors.js';
import { renewEach, type Renewed } from './many.js';
import { renewElsewhere, type Outcome } from './renew-elsewhere.js';
import { storedLogin } from './stored-login.js';
import type { StoreDocument } from '../store/document.js';

/** As `renewEach`. */
export async function renewMany(names: readonly string[], tell: (renewed: Renewed) => void, context: Context): Promise<void> {
  const { refresher } = context;
  const outcomes: Outcome[] = [];
  const take = (outcome: Outcome) => {
    outcomes.push(outcome);
  };
  if (refresher === undefined || names.length === 0 || !(await renewElsewhere({ names, take }, { refresher, context }))) {
    await renewEach(names, tell, { ...context, refresher: undefined });
    return;
  }
  const document = await context.store.read();
  for (const { name, failure } of outcomes) {
    tell(failure === undefined ? found(name, document, context) : { name, failure });
  }
}

/** A login may have been taken out of the store since. */
function found(name: string, document: StoreDocument, context: Context): Renewed {
  try {
    return { name, login: storedLogin(document, name, context) };
  } catch (error) {
    return { name, failure: toAuthError(error) };
  }
}
