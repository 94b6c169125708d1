import { authorizationCodeUnavailable } from '../oauth/authorization-code.js';
import type { Flow } from './flow.js';
import { grantByRedirect } from './redirect.js';

/** The authorization code grant for a machine whose person's browser is elsewhere. */
export const paste: Flow = {
  name: 'paste',
  summary: 'Open a URL anywhere, approve, and paste back the address that the browser ends on',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, pkceUnadvertised }) => authorizationCodeUnavailable(metadata, pkceUnadvertised),
  run: (request, context) => {
    const { ui } = context;
    return grantByRedirect(
      {
        request,
        present: async ({ url }, listening) => {
          ui.event({ event: 'authorization_url', url });
          ui.say();
          await ui.qr(url);
          ui.say(
            'Open this address anywhere, approve, and paste back the address that the browser ends on, even if that page does not load:',
          );
          ui.say();
          ui.address(url);
          ui.say();
          ui.remark('What you paste is as good as a password: paste it here and nowhere else.');
          if (ui.input === 'none' && listening) {
            ui.remark(`There is no stdin to paste into: waiting for the browser at ${new URL(request.redirectUri).host}.`);
          }
        },
      },
      context,
    );
  },
};
