import type { Effects } from '../effects.js';
import { findAuthorizationCodeProblem, type AuthorizationAttempt } from '../oauth/authorization-code.js';
import type { Flow, FlowRequest, FlowState } from './flow.js';
import { finishRedirect, grantByRedirect, defaultTimeoutSeconds, startRedirect } from './redirect.js';
import { formatPortForwarding } from './environment.js';
import { withTimeLimit } from './time-limit.js';

/** Milliseconds for which a two-step login can be finished. */
const twoStepLifetime = 3_600_000;

/** The authorization code grant for a machine without a browser: the user opens the URL on any other device. */
export const paste: Flow = {
  name: 'paste',
  summary: 'Open a URL on any device, approve, and paste the address that the browser ends on',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, dialect }) => findAuthorizationCodeProblem(metadata, dialect),
  run: (request, effects) =>
    grantByRedirect({ request, present: (attempt, isListening) => present({ request, attempt, isListening }, effects) }, effects),
  twoSteps: {
    start: async (request, effects) => {
      const attempt = await startRedirect(request, effects);
      return {
        expiresAt: effects.clock.now() + (request.timeout === undefined ? twoStepLifetime : request.timeout * 1000),
        state: toState(attempt),
        show: async () => {
          await present({ request, attempt, isListening: false }, effects);
        },
      };
    },
    readInvitation: (state) => ({ address: fromState(state).url }),
    finish: async ({ request, state }, effects) => {
      const attempt = { request, ...fromState(state) };
      return withTimeLimit(request.timeout ?? defaultTimeoutSeconds, effects, async (limited) => ({
        tokens: await finishRedirect({ attempt }, limited),
      }));
    },
    // Quoting and line breaks of a shell or a chat may have been added to the pasted text.
    isResponseTo: (pastedText, { state }) => typeof state === 'string' && pastedText.replace(/[\s\\]/g, '').includes(state),
  },
};

/** An authorization request as `start` stores it: snake_case, times in seconds. */
interface PasteState {
  readonly url: string;
  readonly state: string;
  readonly code_verifier: string;
  readonly opens_until?: number | undefined;
}

function toState({ url, state, codeVerifier, opensUntil }: AuthorizationAttempt): FlowState {
  const stored: PasteState = { url, state, code_verifier: codeVerifier, opens_until: opensUntil && opensUntil / 1000 };
  return { ...stored };
}

/** Not validated: if the file was edited by hand, the authorization server rejects the exchange. */
function fromState(stored: FlowState): Omit<AuthorizationAttempt, 'request'> {
  const { url, state, code_verifier: codeVerifier, opens_until: opensUntil } = stored as unknown as PasteState;
  return { url, state, codeVerifier, opensUntil: opensUntil && opensUntil * 1000 };
}

interface Shown {
  readonly request: FlowRequest;
  readonly attempt: AuthorizationAttempt;
  /** Whether the loopback listener waits for the redirect, too. */
  readonly isListening: boolean;
}

/** Shows the URL and what to do with it. Returns a function that removes its keys. */
async function present({ request, attempt, isListening }: Shown, { ui, env, clock }: Effects): Promise<() => void> {
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
  const next = request.secondStep ? 'The next step asks for it.' : 'Paste it here.';
  ui.say(`The browser then ends on a page that may not load. Copy the whole address of that page. ${next}`);
  const where = request.secondStep ? 'give it to mcp-auth only' : 'paste it here and nowhere else';
  ui.remark(`Treat that address like a password: ${where}.`);
  const forwarding = isListening ? formatPortForwarding(port, env) : undefined;
  if (forwarding !== undefined) {
    ui.remark('To avoid pasting, run this on your own machine first:');
    ui.command(forwarding);
  }
  if (ui.input === 'none' && isListening) ui.remark(`stdin is closed, so nothing can be pasted. Waiting for the browser at ${host}.`);
  if (request.secondStep) return () => undefined;
  return ui.press([
    { key: 'c', help: 'copy the address', press: () => void ui.copy(url) },
    { key: 'q', help: 'QR code', press: () => void ui.qr(url, true) },
  ]);
}
