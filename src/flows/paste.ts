import type { Context } from '../context.js';
import { findAuthorizationCodeProblem, type AuthorizationAttempt } from '../oauth/authorization-code.js';
import type { Flow, FlowRequest, FlowState } from './flow.js';
import { finishRedirect, grantByRedirect, defaultTimeoutSeconds, startRedirect } from './redirect.js';
import { formatPortForwarding } from './environment.js';
import { withTimeLimit } from './time-limit.js';

/** Milliseconds that an attempt is kept for whoever finishes it in another process. */
const life = 3_600_000;

/** The authorization code grant for a machine whose person's browser is elsewhere. */
export const paste: Flow = {
  name: 'paste',
  summary: 'Open a URL anywhere, approve, and paste back the address that the browser ends on',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, dialect }) => findAuthorizationCodeProblem(metadata, dialect),
  run: (request, context) =>
    grantByRedirect({ request, present: (attempt, listening) => present({ request, attempt, listening }, context) }, context),
  twoSteps: {
    start: async (request, context) => {
      const attempt = await startRedirect(request, context);
      const { url, state, codeVerifier, opensUntil } = attempt;
      return {
        expiresAt: context.clock.now() + (request.timeout === undefined ? life : request.timeout * 1000),
        state: { url, state, code_verifier: codeVerifier, ...(opensUntil !== undefined && { opens_until: opensUntil }) },
        show: async () => {
          await present({ request, attempt, listening: false }, context);
        },
      };
    },
    finish: async ({ request, kept }, context) => {
      const attempt = { request, ...readAttempt(kept) };
      return withTimeLimit(request.timeout ?? defaultTimeoutSeconds, context, async (limited) => ({
        tokens: await finishRedirect({ attempt }, limited),
      }));
    },
    isResponseTo: (answer, kept) => typeof kept['state'] === 'string' && answer.replace(/[\s\\]/g, '').includes(kept['state']),
  },
};

/** What `start` kept; what has been changed by hand makes an exchange that its server refuses. */
function readAttempt(kept: FlowState): Omit<AuthorizationAttempt, 'request'> {
  const { url, state, code_verifier, opens_until } = kept as { url: string; state: string; code_verifier: string; opens_until?: number };
  return { url, state, codeVerifier: code_verifier, ...(opens_until !== undefined && { opensUntil: opens_until }) };
}

/** Shows the address and what to do with it. Returns what takes its keys away again. */
async function present(
  { request, attempt, listening }: { request: FlowRequest; attempt: AuthorizationAttempt; listening: boolean },
  { ui, env, clock }: Context,
): Promise<() => void> {
  const { url, opensUntil } = attempt;
  const { port, host } = new URL(request.redirectUri);
  ui.event({ event: 'authorization_url', url, ...request.secondStep });
  ui.say();
  await ui.qr(url);
  ui.say(`Open this address in any browser, and approve at ${new URL(url).host}:`);
  ui.say();
  ui.address(url);
  ui.say();
  if (opensUntil !== undefined) ui.say(`It can be opened once, within ${Math.round((opensUntil - clock.now()) / 1000)} seconds.`);
  const then = request.secondStep ? 'which the next step asks for' : 'and paste it here';
  ui.say(`The browser then ends on a page that may not load. Copy the whole address of that page, ${then}.`);
  const where = request.secondStep ? 'give it to mcp-auth alone' : 'paste it here and nowhere else';
  ui.remark(`That address is as good as a password: ${where}, whoever asks for it.`);
  const forwarding = listening ? formatPortForwarding(port, env) : undefined;
  if (forwarding !== undefined) {
    ui.remark('Or have nothing to paste: run this on your own machine before you open the address:');
    ui.command(forwarding);
  }
  if (ui.input === 'none' && listening) ui.remark(`There is no stdin to paste into: waiting for the browser at ${host}.`);
  if (request.secondStep) return () => undefined;
  return ui.press([
    { key: 'c', help: 'copy the address', press: () => void ui.copy(url) },
    { key: 'q', help: 'QR code', press: () => void ui.qr(url, true) },
  ]);
}
