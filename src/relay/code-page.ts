/** The last page: the user types the short code of the terminal, and sees how the login ended. */
import { hashShortCode, normaliseShortCode } from '../relay-protocol/short-code.js';
import { readText } from './body.js';
import { isSameOrigin, nameBrowser } from './browser-access.js';
import { isEqual } from './equal.js';
import { limits } from './limits.js';
import {
  showAnsweredElsewhere,
  showCodeForm,
  showEnd,
  showNoAccess,
  showNotAnswered,
  showOtherBrowser,
  showOtherSite,
  showReleased,
  showUnknown,
} from './pages.js';
import type { Endpoint, Exchange, Service } from './service.js';
import { isOfOtherBrowser, isWaitingForCode, takeCode, type RelaySession } from './session.js';

export const showCode: Endpoint = async ({ request, id }, { store, publicUrl }) => {
  const found = await store.read(id);
  if (found === undefined) return showUnknown();
  const browser = await nameBrowser(request, id, publicUrl);
  if (browser === undefined) return showOtherBrowser();
  return isOfOtherBrowser(found.session, browser) ? showAnsweredElsewhere() : showProgress(id, found.session);
};

export const receiveCode: Endpoint = async (exchange, service) => {
  const { request, id } = exchange;
  if (!isSameOrigin(request, service.publicUrl)) return showOtherSite();
  const found = await service.store.read(id);
  if (found === undefined) return showUnknown();
  const browser = await nameBrowser(request, id, service.publicUrl);
  if (browser === undefined) return showOtherBrowser();
  if (isOfOtherBrowser(found.session, browser)) return showAnsweredElsewhere();
  const form = new URLSearchParams(await readText(request, limits.form));
  const code = normaliseShortCode(form.get('code') ?? '');
  if (code === '' && isWaitingForCode(found.session)) return showCodeForm(id, found.session);
  const isRight = isEqual(await hashShortCode(code, id), found.session.opened.code_hash);
  const now = service.clock.now();
  const updated = await service.store.update(id, (session) =>
    isOfOtherBrowser(session, browser) ? undefined : takeCode(session, { code, isRight, now }),
  );
  if (updated === undefined) return showUnknown();
  const { isChanged, session } = updated;
  if (isOfOtherBrowser(session, browser)) return showAnsweredElsewhere();
  if (isChanged && !isRight) service.tally.add('wrong_codes');
  if (isWaitingForCode(session)) return showCodeForm(id, session, true);
  return session.release?.code === undefined ? showProgress(id, session) : awaitEnd(exchange, service);
};

/** Waits for the terminal to say how the login ended, so that the user need not look there. */
function awaitEnd({ request, id }: Exchange, { waits, store }: Service): Promise<Response> {
  return waits.run({ name: `page ${id}`, milliseconds: limits.outcomeWait, gone: request.signal }, async (signal) => {
    for (;;) {
      const found = await store.read(id);
      if (found?.session.end !== undefined) return showEnd(found.session.end);
      if (found === undefined || signal.aborted) return showReleased();
      await store.waitForChange(id, found.version, signal);
    }
  });
}

function showProgress(id: string, session: RelaySession): Response {
  const { answer, release, end } = session;
  if (end !== undefined) return showEnd(end);
  if (answer === undefined) return showNotAnswered(id);
  if (release === undefined) return showCodeForm(id, session);
  return release.code === undefined ? showNoAccess() : showReleased();
}
