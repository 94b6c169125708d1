/** The page that the user opens: it says what is about to happen, and goes on to the authorization server. */
import { shorten, toPrintable } from '../text/server-text.js';
import { createCookies, nameBrowser } from './browser-access.js';
import { html } from './html.js';
import { respondPage } from './page.js';
import { showAnswered, showAnsweredElsewhere, showEnd, showUnknown } from './pages.js';
import type { Endpoint } from './service.js';
import { isOfOtherBrowser } from './session.js';

export const showLogin: Endpoint = async ({ request, id }, { store, publicUrl, clock }) => {
  const found = await store.read(id);
  if (found === undefined) return showUnknown();
  const { opened, expiresAt, end, answer } = found.session;
  if (end !== undefined) return showEnd(end);
  if (isOfOtherBrowser(found.session, await nameBrowser(request, id, publicUrl))) return showAnsweredElsewhere();
  if (answer !== undefined) return showAnswered(id);
  const { host } = new URL(opened.authorization_url);
  const scope =
    opened.scope === undefined
      ? ''
      : html`<dt>Access</dt>
          <dd>${toPrintable(opened.scope)}</dd>`;
  const body = html`<dl>
      <dt>MCP server</dt>
      <dd>${shorten(toPrintable(opened.server))}</dd>
      <dt>You approve at</dt>
      <dd>${host}</dd>
      ${scope}
    </dl>
    <h2>Before you approve</h2>
    <ul>
      <li>Continue only if you started this login yourself, at your own terminal. Otherwise, close this page.</li>
      <li>The next page must be at <strong>${host}</strong>. Compare it with the address of that page before you type a password.</li>
      <li>In the end, this site asks for a code. Your terminal shows it. Do not use a code that another person sent you.</li>
    </ul>
    <a class="action" href="${opened.authorization_url}" rel="noreferrer">Continue to ${host}</a>`;
  const cookies = createCookies(request, id, { lifetime: expiresAt - clock.now(), isSecure: publicUrl.isSecure });
  return respondPage({ title: 'Log in for your terminal', body, cookies });
};
