import { findAuthorizationCodeProblem } from '../oauth/authorization-code.js';
import type { Flow } from './flow.js';
import { grantByRedirect } from './redirect.js';
import { explainMissingBrowser } from './environment.js';

/** The authorization code grant for a machine with a browser: it is opened, and comes back by itself. */
export const browser: Flow = {
  name: 'browser',
  summary: 'Open the browser of this machine, which comes back by itself',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, browserWanted, dialect, env }) => {
    if (!browserWanted) return '--no-browser was given';
    return explainMissingBrowser(env) ?? findAuthorizationCodeProblem(metadata, dialect);
  },
  run: (request, context) => {
    const { ui } = context;
    return grantByRedirect(
      {
        request,
        present: async ({ url }) => {
          const { host } = new URL(url);
          ui.event({ event: 'authorization_url', url });
          const opened = await ui.openBrowser(url);
          ui.say();
          ui.say(
            opened
              ? `Approve in the browser, at ${host}. Should it not open, open this address yourself:`
              : `No browser could be opened. Open this address yourself, and approve at ${host}:`,
          );
          ui.say();
          ui.address(url);
          ui.say();
          ui.remark('Should the page that it ends on not load, paste its address here, and nowhere else: it is as good as a password.');
          return ui.press([{ key: 'c', help: 'copy the address', press: () => void ui.copy(url) }]);
        },
      },
      context,
    );
  },
};
