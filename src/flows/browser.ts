import { findAuthorizationCodeProblem } from '../oauth/authorization-code.js';
import type { Flow } from './flow.js';
import { grantByRedirect } from './redirect.js';
import { explainMissingBrowser } from './environment.js';

/** The authorization code grant for a machine with a browser, which is redirected to the loopback listener. */
export const browser: Flow = {
  name: 'browser',
  summary: 'Open a browser on this machine, which returns to mcp-auth on its own',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, browserWanted, dialect, env }) => {
    if (!browserWanted) return '--no-browser was given';
    return explainMissingBrowser(env) ?? findAuthorizationCodeProblem(metadata, dialect);
  },
  run: (request, effects) => {
    const { ui } = effects;
    return grantByRedirect(
      {
        request,
        present: async ({ url }) => {
          const { host } = new URL(url);
          ui.event({ event: 'authorization_url', url });
          const isOpened = await ui.openBrowser(url);
          ui.say();
          ui.say(
            isOpened
              ? `Approve in the browser, at ${host}. If it does not open, go to:`
              : `Could not open a browser. Approve at ${host}. Go to:`,
          );
          ui.say();
          ui.address(url);
          ui.say();
          ui.remark('If the last page does not load, paste its address here only. Treat that address like a password.');
          return ui.press([{ key: 'c', help: 'copy the address', press: () => void ui.copy(url) }]);
        },
      },
      effects,
    );
  },
};
