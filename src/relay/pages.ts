/** The pages that say how a login is going. */
import { quote } from '../text/server-text.js';
import { html } from './html.js';
import { respondPage } from './page.js';
import { countTriesLeft, type RelaySession, type SessionEnd } from './session.js';

/** What every page says that cannot go on. */
const startAgain = html`<p>Go back to your terminal and start the login again. You can close this page.</p>`;

export function showHome(): Response {
  const body = html`<p>This is a relay of mcp-auth. A terminal without a browser logs in to MCP servers through it.</p>
    <p>Your terminal shows the address or the QR code to open.</p>`;
  return respondPage({ title: 'Relay', body });
}

export function showUnknown(): Response {
  const body = html`<p>This login is unknown or has expired.</p>
    ${startAgain}`;
  return respondPage({ title: 'Login not found', body, status: 404 });
}

export function showOtherBrowser(): Response {
  const body = html`<p>
      This browser has not opened the page of this login. Either the login was started from another browser, or the address came from
      another person.
    </p>
    <p>
      Open the address that your terminal shows in this browser, and continue from there. If you did not start a login, close this page.
    </p>`;
  return respondPage({ title: 'Not this browser', body, status: 403 });
}

/** Either the user has two browsers, or another person has the address. */
export function showAnsweredElsewhere(): Response {
  const body = html`<p>
      The response to this login came from another browser. If it was yours, enter the code there. If it was not, another person has the
      address of this login: do not enter a code anywhere.
    </p>
    ${startAgain}`;
  return respondPage({ title: 'Not this browser', body, status: 403 });
}

export function showOtherSite(): Response {
  const body = html`<p>Another site has sent this request. It was ignored.</p>
    ${startAgain}`;
  return respondPage({ title: 'Request refused', body, status: 403 });
}

export function showOtherResponse(): Response {
  const body = html`<p>
      The response of the authorization server does not belong to this login, or came in another form than the login asked for. It was
      ignored.
    </p>
    ${startAgain}`;
  return respondPage({ title: 'Response refused', body, status: 400 });
}

export function showAnswered(id: string): Response {
  const body = html`<p>This login has already received a response. If you have not done so yet, enter the code that your terminal shows.</p>
    <a class="action" href="/s/${id}/code">Enter the code</a>`;
  return respondPage({ title: 'Already received', body, status: 409 });
}

export function showNotAnswered(id: string): Response {
  const body = html`<p>The authorization server has not sent you back yet.</p>
    <a class="action" href="/s/${id}">Go to the start of this login</a>`;
  return respondPage({ title: 'Not yet', body, status: 409 });
}

/** @param words the error of the authorization server, where the relay has seen it. */
export function showNoAccess(words?: string): Response {
  const said = words === undefined ? '' : html`<p>It says: ${quote(words)}</p>`;
  const body = html`<p>The authorization server did not give access. Your terminal has been told.</p>
    ${said}
    <p>You can close this page.</p>`;
  return respondPage({ title: 'No access', body });
}

export function showCodeForm(id: string, session: RelaySession, isWrong = false): Response {
  const tries = countTriesLeft(session);
  const wrong = html`<p role="alert">
    <strong>That is not the code.</strong> ${tries === 1 ? 'One try is left.' : html`${tries} tries are left.`}
  </p>`;
  const body = html`${isWrong ? wrong : ''}
    <p>
      Your terminal shows a code of six letters. Enter it only if you started this login yourself. A code that another person sent you gives
      that person your access.
    </p>
    <form method="post" action="/s/${id}/code">
      <label for="code">Code from your terminal</label>
      <input
        id="code"
        name="code"
        type="text"
        inputmode="text"
        autocomplete="off"
        autocapitalize="characters"
        autocorrect="off"
        spellcheck="false"
        maxlength="20"
        required
        autofocus
      />
      <button class="action" type="submit">Finish the login</button>
    </form>`;
  return respondPage({ title: 'Enter the code', body, status: isWrong ? 400 : 200, hasForm: true });
}

const ends: Record<SessionEnd, { readonly title: string; readonly text: string; readonly status?: number }> = {
  logged_in: { title: 'You are logged in', text: 'Your terminal has what it needs. You can close this page.' },
  failed: { title: 'The login failed', text: 'Your terminal says why. You can close this page.' },
  too_many_codes: {
    title: 'Too many wrong codes',
    text: 'This login has ended. Start it again in your terminal. You can close this page.',
    status: 410,
  },
};

export function showEnd(end: SessionEnd): Response {
  const { title, text, status } = ends[end];
  return respondPage({ title, body: html`<p>${text}</p>`, status });
}

export function showReleased(): Response {
  const body = html`<p>The code is right. Your terminal finishes the login and says how it ended. You can close this page.</p>`;
  return respondPage({ title: 'Go back to your terminal', body });
}
