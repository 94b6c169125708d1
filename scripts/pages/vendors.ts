/** docs/vendors.md, from the records of src/oauth/vendors. */
import { vendors, type Fact, type Vendor, type VendorNeeds } from '../../src/oauth/vendors/index.js';

/** What a need means for a login, as the page has it; `value` is the record's. */
const meanings: { readonly [Key in keyof VendorNeeds]-?: (value: NonNullable<VendorNeeds[Key]>['value']) => string } = {
  resource: () => 'sends no `resource`',
  scopeAtRefresh: () => 'names the scopes at each refresh',
  authorizeParameters: (value) =>
    `sends ${Object.entries(value)
      .map(([name, one]) => `\`${name}=${one}\``)
      .join(', ')}`,
  prompt: (value) => (value === 'none' ? 'sends no `prompt`' : `sends \`prompt=${value}\``),
  offlineAccess: (value) => (value ? 'asks for `offline_access`, listed or not' : 'does not ask for `offline_access`'),
  pkceUnadvertised: () => 'sends PKCE and goes on, though the metadata does not mention it',
  issuerForm: () => 'accepts that the metadata names the issuer in another way than its address',
  endpointHosts: (value) => `takes endpoints at ${value.map((host) => `\`${host}\``).join(', ')} for its own`,
  defaultScope: (value) => `asks for the scope \`${value}\` where the server names none`,
  registration: (value) => `says how to become a client: “${value}”`,
  unsupportedFlows: (value) =>
    Object.entries(value)
      .map(([flow, why]) => `does not try \`${flow}\` by itself: ${why}`)
      .join('; '),
};

/** The option with which a person says otherwise. */
const options: { readonly [Key in keyof VendorNeeds]?: string } = {
  resource: '--resource',
  authorizeParameters: '--authorize-param',
  prompt: '--prompt',
  offlineAccess: '--offline-access',
  pkceUnadvertised: '--allow-missing-pkce-metadata',
  issuerForm: '--trust-issuer',
  endpointHosts: '--trust-endpoints',
  defaultScope: '--scope',
  unsupportedFlows: '--flow',
  registration: '--client-id',
};

export function vendorsPage(): string {
  return `${intro.trim()}\n\n${vendors.map(section).join('\n')}`;
}

function section({ name, issuers, needs, notes }: Vendor): string {
  const facts = (Object.entries(needs) as [keyof VendorNeeds, Fact<never>][]).map(([key, { value, source }]) => {
    const option = options[key];
    return `| ${meanings[key](value)} | ${option === undefined ? '' : `\`${option}\``} | ${linked(source)} |`;
  });
  const table =
    facts.length === 0
      ? ['Nothing has to be said, and nothing is done in another way.']
      : ['| mcp-auth | otherwise | source |', '| --- | --- | --- |', ...facts];
  const known =
    notes.length === 0 ? [] : ['', 'To know, by source only:', '', ...notes.map(({ value, source }) => `- ${value} ${linked(source)}`)];
  const where = issuers.map((issuer) => `\`${issuer}\``).join(', ');
  return `${[`## ${name}`, '', `Issuer: ${where}.`, '', ...table, ...known].join('\n')}\n`;
}

/** Each source as a link, where it is an issue or a page. */
function linked(source: string): string {
  return source
    .split(', ')
    .map((one) => {
      const [, repository = '', number = ''] = /^([\w.-]+\/[\w.-]+)#(\d+)$/.exec(one) ?? [];
      if (number !== '') return `[${one}](https://github.com/${repository}/issues/${number})`;
      const [, at = '', file = ''] = /^([\w.-]+\/[\w.-]+) (\S+)$/.exec(one) ?? [];
      return file === '' ? `<${one}>` : `${at}, ${file}`;
    })
    .join(', ');
}

const intro = `
# Vendors

mcp-auth asks an authorization server as the RFCs have it. Some large ones want it otherwise, and say so nowhere that a program could read. What is known of them stands in a record each, in \`src/oauth/vendors\`, with the public source of each fact, and this page is made of those records (\`npm run pages\`).

- A vendor is known by the host of its issuer, after the metadata has been validated. What an MCP server says of itself does not count.
- One line of the login says what was taken from the record, as “As Google needs it: …”. \`mcp-auth doctor NAME\` says it too.
- What you say wins: the option in the second column does it in another way, and is kept with the server until you say \`default\`.
- All of it was tried here with servers that answer as the sources say, under the vendors' own names in a network of our own (\`test/vendors\`). None of it was tried with the vendors themselves: what is on this page is known by its source only, and vendors change. Tell us where it is wrong.

An authorization server that passes you on to one of these, as one that logs people in with Microsoft, is known by its own issuer: there the options help, as \`--resource none\` and \`--prompt none\`.
`;
