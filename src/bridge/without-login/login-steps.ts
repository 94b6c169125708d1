/** The steps of a login that the bridge takes. Loaded after `initialize` is answered: the app waits for that with every start. */
export { findRunningLogin, joinLogin } from '../../login/joined-login.js';
export { prepareLogin } from '../../login/preparation.js';
export { finishLogin, takesPaste } from '../../login/two-steps.js';
