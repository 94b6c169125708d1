/** Writes docs/vendors.md from the records of src/oauth/vendors. */
import { vendors, type Fact, type Vendor, type VendorNeeds } from '../../src/oauth/vendors/index.js';

/** Describes what mcp-auth does for a need; `value` is the value in the record. */
const meanings: { readonly [Key in keyof VendorNeeds]-?: (value: NonNullable<VendorNeeds[Key]>['value']) => string } = {
  resource: () => 'sends no `resource`',
  scopeAtRefresh: () => 'sends the scopes with each refresh',
  authorizeParameters: (value) =>
    `sends ${Object.entries(value)
      .map(([name, one]) => `\`${name}=${one}\``)
      .join(', ')}`,
  prompt: (value) => (value === 'none' ? 'sends no `prompt`' : `sends \`prompt=${value}\``),
  offlineAccess: (value) => (value ? 'requests `offline_access`, even if it is not listed' : 'does not request `offline_access`'),
  pkceUnadvertised: () => 'sends PKCE, although the metadata does not mention it',
  issuerForm: () => 'accepts an issuer in the metadata that differs from its address',
  endpointHosts: (value) => `accepts endpoints at ${value.map((host) => `\`${host}\``).join(', ')}`,
  defaultScope: (value) => `requests the scope \`${value}\` if the server names none`,
  registration: (value) => `prints how to get a client: “${value}”`,
  unsupportedFlows: (value) =>
    Object.entries(value)
      .map(([flow, why]) => `does not use \`${flow}\` by default: ${why}`)
      .join('; '),
};

/** The option that overrides a need. */
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

/** The text of docs/vendors.md. */
export function vendorsPage(): string {
  return `${intro.trim()}\n\n${vendors.map(section).join('\n')}`;
}

function section({ name, issuers, needs, notes }: Vendor): string {
  const facts = (Object.entries(needs) as [keyof VendorNeeds, Fact<never>][]).map(([key, { value, source }]) => {
    const option = options[key];
    return `| ${meanings[key](value)} | ${option === undefined ? '' : `\`${option}\``} | ${linked(source)} |`;
  });
  const table =
    facts.length === 0 ? ['mcp-auth does nothing differently.'] : ['| mcp-auth | override | source |', '| --- | --- | --- |', ...facts];
  const known =
    notes.length === 0
      ? []
      : ['', 'Also, according to the sources:', '', ...notes.map(({ value, source }) => `- ${value} ${linked(source)}`)];
  const where = issuers.map((issuer) => `\`${issuer}\``).join(', ');
  return `${[`## ${name}`, '', `Issuer: ${where}.`, '', ...table, ...known].join('\n')}\n`;
}

/** Links each source that is an issue or a page. */
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

Some large authorization servers need something that the RFCs do not say and that their metadata does not state. mcp-auth has a record for each of them in \`src/oauth/vendors\`, with a public source for each fact. This page is made from these records (\`npm run pages\`).

- A vendor is recognised by the host of its issuer, after the metadata has been validated. What an MCP server says about itself does not count.
- A login prints one line about what it took from the record, such as “Required by Google: …”. \`mcp-auth doctor NAME\` prints it too.
- Your options win: the option in the second column overrides the record. It is kept with the server until you set it to \`default\`.
- All of this is tested with servers that answer as the sources say, under the vendors' own names in an isolated network (\`test/vendors\`). None of it was tested with the vendors themselves, and vendors change. If something is wrong, open an issue.

If an authorization server only passes you on to one of these vendors (for example to log in with Microsoft), its own issuer counts. Then use options such as \`--resource none\` and \`--prompt none\`.
`;
