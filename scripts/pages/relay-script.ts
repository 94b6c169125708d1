/** The script of a page of the relay, as `npm run pages` builds it. */
import { format } from 'prettier';
import { rolldown } from 'rolldown';
import { hashSource } from '../../src/relay/page.js';
import { root } from '../build.js';

export const relayScriptFile = 'src/relay/browser-script.ts';
export const relayPage = 'docs/relay.md';

/** The text of src/relay/browser-script.ts. It is not minified, so that a user can read in the browser what it does. */
export async function relayScriptModule(): Promise<string> {
  const bundle = await rolldown({
    cwd: root,
    input: 'src/relay/browser/fragment.ts',
    platform: 'browser',
    transform: { target: 'es2020' },
  });
  const { output } = await bundle.generate({ format: 'iife', strict: true, comments: false, minify: false, codeSplitting: false });
  await bundle.close();
  const script = output[0].code;
  if (/[^\0-\x7f]/.test(script)) throw new Error('The script is not ASCII, and a page need not be UTF-8.');
  if (/<\/script|<!--/i.test(script)) throw new Error('The script cannot stand in a page as it is.');
  const literal = script.replace(/[`\\]|\$\{/g, '\\$&');
  const module = `/** Made by \`npm run pages\` from browser/fragment.ts. Do not edit it. */\nexport const browserScript = \`${literal}\`;\n`;
  return format(module, { parser: 'typescript', printWidth: 140, singleQuote: true });
}

/** docs/relay.md with the hash of this script. */
export function withScriptHash(page: string, script: string): string {
  return page.replace(/sha256-[A-Za-z0-9+/]+=*/, hashSource(script));
}
