/** The redirect URI: receives the authorization response, in the query or by the script of its page, and keeps it sealed. */
import { seal } from '../relay-protocol/seal.js';
import { isSessionId, readSessionId } from '../relay-protocol/session-id.js';
import { readObject } from './body.js';
import { isSameOrigin, nameBrowser } from './browser-access.js';
import { browserScript } from './browser-script.js';
import { isEqual } from './equal.js';
import { html } from './html.js';
import { limits } from './limits.js';
import { respondPage } from './page.js';
import { showAnswered, showAnsweredElsewhere, showEnd, showNoAccess, showOtherBrowser, showOtherResponse, showUnknown } from './pages.js';
import { redirectTo, respondEmpty, respondError, respondJson } from './responses.js';
import type { Endpoint, Service } from './service.js';
import { isOfOtherBrowser, takeAnswer, type SealedAnswer } from './session.js';

/** As base64url: at least the octets of an ephemeral key and of a tag. */
const sealedPattern = /^[\w-]{108,}$/;

export const receiveCallback: Endpoint = async (exchange, service) => {
  const { request, url } = exchange;
  if (url.search === '') return showFragmentPage();
  const parameters = url.searchParams;
  const state = parameters.get('state') ?? '';
  const id = readSessionId(state);
  const found = isSessionId(id) ? await service.store.read(id) : undefined;
  if (found === undefined) return showUnknown();
  const { opened, end } = found.session;
  const browser = await nameBrowser(request, id, service.publicUrl);
  if (browser === undefined) return showOtherBrowser();
  if (end !== undefined) return showEnd(end);
  const isError = parameters.has('error') && !parameters.has('code');
  // A server may ignore `response_mode`. Its response has come in the query then, and is sealed like every other query.
  if (!isEqual(state, opened.state)) return showOtherResponse();
  const sealed = await seal({ text: url.search.slice(1), publicKey: opened.public_key, context: id });
  const kept = await keepAnswer({ id, answer: { sealed, isError, browser } }, service);
  if (kept === 'other_browser') return showAnsweredElsewhere();
  if (kept === 'too_late') return showAnswered(id);
  if (!isError) return redirectTo(`/s/${id}/code`);
  return showNoAccess(['error', 'error_description'].flatMap((name) => parameters.get(name) ?? []).join(': '));
};

/** The code is in the part of the address that a browser does not send. The script seals it there. */
function showFragmentPage(): Response {
  const body = html`<p id="status">One moment: this page encrypts the response for your terminal.</p>
    <noscript
      ><p>
        This page needs JavaScript for that. Turn it on and load this page again. Or copy the whole address of this page, and paste it into
        your terminal.
      </p></noscript
    >`;
  return respondPage({ title: 'Back to your terminal', body, script: browserScript });
}

/** What the name of a session is a hash of: the script checks it. */
export const showKey: Endpoint = async ({ id }, { store }) => {
  const found = await store.read(id);
  if (found === undefined) return respondError(404, 'unknown_session', 'The relay has no such login.');
  const { public_key, secret_hash } = found.session.opened;
  return respondJson({ public_key, secret_hash });
};

/** Takes what the script has sealed. */
export const receiveSealed: Endpoint = async ({ request, id }, service) => {
  if (!isSameOrigin(request, service.publicUrl)) return respondError(403, 'other_site', 'Another site has sent this request.');
  const browser = await nameBrowser(request, id, service.publicUrl);
  if (browser === undefined) return respondError(403, 'other_browser', 'This browser has not opened the page of this login.');
  const found = await service.store.read(id);
  if (found === undefined) return respondError(404, 'unknown_session', 'The relay has no such login.');
  if (found.session.opened.response_mode !== 'fragment')
    return respondError(400, 'other_response', 'This login expects its response in the query.');
  const { sealed, is_error: isError } = (await readObject(request, limits.response)) ?? {};
  if (typeof sealed !== 'string' || !sealedPattern.test(sealed) || typeof isError !== 'boolean')
    return respondError(400, 'invalid_request', 'The sealed response is missing or invalid.');
  const kept = await keepAnswer({ id, answer: { sealed, isError, browser } }, service);
  if (kept === 'kept') return respondEmpty();
  const from = kept === 'other_browser' ? ' from another browser' : '';
  return respondError(409, 'already_received', `This login has already received a response${from}.`);
};

/** `too_late` and `other_browser`: the session has its response already, from this browser or another one, or has ended. */
async function keepAnswer(
  { id, answer }: { id: string; answer: SealedAnswer },
  { store, tally }: Service,
): Promise<'kept' | 'too_late' | 'other_browser'> {
  const updated = await store.update(id, (session) => takeAnswer(session, answer));
  if (updated?.isChanged === true) {
    tally.add('answered');
    return 'kept';
  }
  return updated !== undefined && isOfOtherBrowser(updated.session, answer.browser) ? 'other_browser' : 'too_late';
}
