import type { Context } from '../context.js';
import { authorizationCodeUnavailable, type Attempt } from '../oauth/authorization-code.js';
import type { Flow, FlowRequest } from './flow.js';
import { finishRedirect, grantByRedirect, startRedirect } from './redirect.js';
import { portForwarding } from './surroundings.js';

/** Milliseconds that an attempt is kept for whoever finishes it in another process. */
const life = 3_600_000;

/** The authorization code grant for a machine whose person's browser is elsewhere. */
export const paste: Flow = {
  name: 'paste',
  summary: 'Open a URL anywhere, approve, and paste back the address that the browser ends on',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, pkceUnadvertised }) => authorizationCodeUnavailable(metadata, pkceUnadvertised),
  run: (request, context) =>
    grantByRedirect({ request, present: (attempt, listening) => present({ request, attempt, listening }, context) }, context),
  halves: {
    start: async (request, context) => {
      const attempt = await startRedirect(request, context);
      await present({ request, attempt, listening: false }, context);
      const { url, state, codeVerifier } = attempt;
      return {
        expiresAt: attempt.opensUntil ?? context.clock.now() + (request.timeout === undefined ? life : request.timeout * 1000),
        kept: { url, state, code_verifier: codeVerifier },
      };
    },
    finish: async ({ request, kept }, context) => {
      const { url, state, code_verifier: codeVerifier } = kept as { url: string; state: string; code_verifier: string };
      return { tokens: await finishRedirect({ attempt: { request, url, state, codeVerifier } }, context) };
    },
    isOf: (answer, kept) => typeof kept['state'] === 'string' && answer.replace(/[\s\\]/g, '').includes(kept['state']),
  },
};

/** Shows the address and what to do with it. Returns what takes its keys away again. */
async function present(
  { request, attempt, listening }: { request: FlowRequest; attempt: Attempt; listening: boolean },
  { ui, env, clock }: Context,
): Promise<() => void> {
  const { url, opensUntil } = attempt;
  const { port, host } = new URL(request.redirectUri);
  ui.event({ event: 'authorization_url', url, ...request.secondHalf });
  ui.say();
  await ui.qr(url);
  ui.say('Open this address in any browser, and approve:');
  ui.say();
  ui.address(url);
  ui.say();
  if (opensUntil !== undefined) ui.say(`It can be opened once, within ${Math.round((opensUntil - clock.now()) / 1000)} seconds.`);
  ui.say('The browser then ends on a page that may not load. Copy the whole address of that page, and paste it here.');
  ui.remark('That address is as good as a password: paste it here and nowhere else, whoever asks for it.');
  const forwarding = listening ? portForwarding(port, env) : undefined;
  if (forwarding !== undefined) {
    ui.remark('Or have nothing to paste: run this on your own machine before you open the address:');
    ui.command(forwarding);
  }
  if (ui.input === 'none' && listening) ui.remark(`There is no stdin to paste into: waiting for the browser at ${host}.`);
  if (request.secondHalf) return () => undefined;
  return ui.press([
    { key: 'c', help: 'copy the address', press: () => void ui.copy(url) },
    { key: 'q', help: 'QR code', press: () => void ui.qr(url, true) },
  ]);
}
