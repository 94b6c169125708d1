import path from 'node:path';
import { AuthError } from '../errors.js';
import { checkClientIdUrl } from '../oauth/client-metadata-document.js';
import { parseRelayUrl } from '../login/relay.js';
import { checkIdentityCommand } from '../store/identities/identity-command.js';
import type { PreferenceName } from '../store/preferences.js';
import type { Command, CommandOption } from './command.js';

/** The preferences, each with the function that checks its value. To add a preference, add it here and to `PreferenceValues`. */
const preferences: Record<PreferenceName, (value: string, platform: NodeJS.Platform) => string> = {
  'client-metadata-url': checkClientIdUrl,
  relay: parseRelayUrl,
  'identity-file': (file) => path.resolve(file),
  'identity-command': checkIdentityCommand,
};

const options = [{ flags: '--unset', help: 'remove the preference' }] as const satisfies readonly CommandOption[];

export const config: Command<typeof options> = {
  description: 'Show all preferences, or show or set one of them.',
  arguments: [
    { syntax: '[name]', help: `preference: ${Object.keys(preferences).join(', ')}`, complete: Object.keys(preferences) },
    { syntax: '[value]', help: 'new value' },
  ],
  options,
  examples: [
    'config client-metadata-url https://example.com/mcp-auth.json',
    'config client-metadata-url --unset',
    'config relay https://auth.example.com',
    'config identity-file ~/.config/mcp-auth/identity.txt',
    "config identity-command 'op read op://vault/mcp-auth/identity'",
  ],
  run: async ({ arguments: [name, value], options: { unset } }, { preferences: stored, ui, env }) => {
    const values = await stored.read();
    if (name === undefined) {
      for (const [one, set] of Object.entries(values)) ui.print(`${one}=${set}`);
      if (Object.keys(values).length === 0)
        ui.say(
          stored.path === undefined
            ? 'No preferences are set, and this process has no folder for them.'
            : `No preferences are set in ${stored.path}.`,
        );
      return;
    }
    if (!isPreference(name)) {
      const names = Object.keys(preferences).join(', ');
      throw new AuthError('usage', `Unknown preference ${JSON.stringify(name)}.`, { hint: `Preferences: ${names}.` });
    }
    if (unset) {
      await stored.write(name, undefined);
      ui.succeed(`Removed ${name}.`);
    } else if (value !== undefined) {
      await stored.write(name, preferences[name](value, env.platform));
      ui.succeed(`Set ${name} in ${stored.path ?? ''}.`);
    } else if (values[name] !== undefined) ui.print(values[name]);
    else ui.say(`${name} is not set.`);
  },
};

function isPreference(name: string): name is PreferenceName {
  return Object.hasOwn(preferences, name);
}
