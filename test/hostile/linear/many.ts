/** What is made of a number of things rather than of one text. */
import { readServers, type AppServer } from '../../../src/apps/configuration.js';
import { jsonc } from '../../../src/apps/formats/jsonc.js';
import { toml } from '../../../src/apps/formats/toml.js';
import { yaml } from '../../../src/apps/formats/yaml.js';
import { findApp } from '../../../src/apps/index.js';
import { chooseNameInApp } from '../../../src/apps/name-in-app.js';
import { parseResponseId, asResponseTo, isResponseTo, toOneLine } from '../../../src/bridge/json-rpc.js';
import { deriveServerName } from '../../../src/login/server-name.js';
import { checkStepUp } from '../../../src/login/step-up.js';
import { checkAuthorizationResponse } from '../../../src/oauth/authorization-code.js';
import type { BinaryString } from '../../../src/effects.js';
import { parseDocument, listServers } from '../../../src/store/document.js';
import { chooseServerNames } from '../../../src/store/usable-name.js';
import { attempt, octets, state, formatTrace, variables } from './reading.js';

/** What is made of a number of things rather than of one text. */
export const many: readonly { readonly what: string; readonly of: (size: number) => unknown; readonly work: (input: never) => unknown }[] =
  [
    {
      what: 'servers of an app whose names come to the same',
      of: (size) =>
        Array.from({ length: size }, (_, i) => ({
          name: `a${' '.repeat(1 + (i % 7))}${'.'.repeat(i % 11)}b`,
          url: `https://a.example/${i}`,
        })),
      work: (all: { name: string; url: string }[]) => chooseServerNames(all, { document: {}, isSame: () => false, ofHost: () => 'server' }),
    },
    {
      what: 'servers of an app next to those of the store',
      of: (size) =>
        Array.from({ length: size }, (_, i): AppServer => ({
          name: `s-${i}`,
          url: 'https://a.example/',
          appVariables: [],
          how: 'own',
          entry: {},
        })),
      work: (all: AppServer[]) =>
        chooseNameInApp(all, {
          app: findApp('cursor'),
          name: 'x',
          url: 'https://a.example/',
          others: all.map(({ name }) => name),
          env: variables,
        }),
    },
    {
      what: 'an app’s file with many servers',
      of: (size) =>
        JSON.stringify({
          mcpServers: Object.fromEntries(Array.from({ length: size }, (_, i) => [`s ${i}`, { url: 'https://a.example/' }])),
        }),
      work: (text: string) => readServers(text, { app: findApp('cursor'), file: 'f', ours: 'mcp-auth' }),
    },
    ...Object.entries({
      JSON: [jsonc, (i: number) => `${i === 0 ? '{' : ','}"k${i}":1`],
      TOML: [toml, (i: number) => `[t.k${i}]\na=1\n`],
      YAML: [yaml, (i: number) => `k${i}: 1\n`],
      'YAML with aliases': [yaml, (i: number) => `k${i}: &a${i} 1\nl${i}: *a${i}\n`],
    } as const).map(([what, [format, line]]) => ({
      what: `many keys in ${what}`,
      of: (size: number) => Array.from({ length: size }, (_, i) => line(i)).join(''),
      work: (text: string) => format.parse(what === 'JSON' ? `${text}}` : text, 'f'),
    })),
    {
      what: 'a message that is too large to be parsed',
      of: (size) => octets(`{"result":[${'"\\\\\\"\\\\",{"a":1},'.repeat(size)}0],"id":"2"}`),
      work: (text: BinaryString) => [asResponseTo(text, 2), parseResponseId(text), isResponseTo(text, 2), toOneLine(text)],
    },
    {
      what: 'scopes that are asked for again',
      of: (size) => Array.from({ length: size }, (_, i) => `s${i}`).join(' '),
      work: (scope: string) => {
        const login = { accessToken: 'a', tokenType: 'bearer' as const, scope };
        return checkStepUp({ name: 'n', login: login, challenge: { isDpop: false, scope } });
      },
    },
    {
      what: 'parameters of a response, each another',
      of: (size) => Array.from({ length: size }, (_, i) => `p${i}=1`).join('&'),
      work: (text: string) => checkAuthorizationResponse(new URLSearchParams(`state=${state}&${text}`), attempt),
    },
    {
      what: 'members of an answer that --debug hides',
      of: (size) => JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, i) => [`m${i}`, `secret-${i}`]))),
      work: formatTrace,
    },
    {
      what: 'servers in the store',
      of: (size) =>
        JSON.stringify({
          mcpServers: Object.fromEntries(Array.from({ length: size }, (_, i) => [`s-${i}`, { url: 'https://a.example/' }])),
        }),
      work: async (text: string) => {
        const document = await parseDocument(text, 'f');
        return deriveServerName(
          new URL('https://s.example/'),
          listServers(document).map(([name]) => name),
        );
      },
    },
  ];
