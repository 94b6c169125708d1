import { AuthError } from '../errors.js';
import { checkClientIdUrl } from '../oauth/client-metadata-document.js';
import type { PreferenceName } from '../store/preferences.js';
import type { Command } from './command.js';

interface Options {
  unset?: boolean;
}

/** The preferences, each with what checks its value. A new one is a line here and in `PreferenceValues`. */
const preferences: Record<PreferenceName, (value: string) => string> = {
  'client-metadata-url': checkClientIdUrl,
};

export const config: Command<Options> = {
  description: 'Shows the preferences, or one of them, or sets it.',
  arguments: [
    { syntax: '[name]', help: `the preference: ${Object.keys(preferences).join(', ')}`, complete: Object.keys(preferences) },
    { syntax: '[value]', help: 'what to set it to' },
  ],
  options: [{ flags: '--unset', help: 'take the preference back' }],
  examples: ['config client-metadata-url https://example.com/mcp-auth.json', 'config client-metadata-url --unset'],
  run: async ({ arguments: [name, value], options: { unset } }, { preferences: stored, ui }) => {
    const values = await stored.read();
    if (name === undefined) {
      for (const [one, set] of Object.entries(values)) ui.print(`${one}=${set}`);
      if (Object.keys(values).length === 0)
        ui.say(stored.path === undefined ? 'No preferences, and no place for them.' : `No preferences in ${stored.path}.`);
      return;
    }
    if (!isPreference(name)) {
      const names = Object.keys(preferences).join(', ');
      throw new AuthError('usage', `There is no preference called ${JSON.stringify(name)}.`, { hint: `There is ${names}.` });
    }
    if (unset) {
      await stored.write(name, undefined);
      ui.succeed(`${name} is not set any more.`);
    } else if (value !== undefined) {
      await stored.write(name, preferences[name](value));
      ui.succeed(`${name} is kept in ${stored.path ?? ''}.`);
    } else if (values[name] !== undefined) ui.print(values[name]);
    else ui.say(`${name} is not set.`);
  },
};

function isPreference(name: string): name is PreferenceName {
  return Object.hasOwn(preferences, name);
}
