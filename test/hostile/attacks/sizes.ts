/** Sizes of what a server hands out. */
import { type Attack, raw } from './attack.js';

/** Inputs of a size that no server and no file of good will has. */
export const sizes: Attack[] = [
  {
    source: 'RFC 9110 section 15.2',
    attack: 'interim answers come one after another, without an end',
    change: () => [
      {
        want: 'POST /mcp',
        respond: raw((response) => {
          const more = () => {
            if (response.socket?.destroyed === false) response.socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100), more);
          };
          more();
        }),
      },
    ],
    exit: 6,
    says: /more than 1000 interim responses/,
  },
  {
    source: 'CWE-407',
    attack: 'a project’s file has a URL of 147 kB that is made of variables',
    files: () => ({ '.mcp.json': { mcpServers: { victim: { url: `https://mcp.example/${'${A:-'.repeat(30_000)}` } } } }),
    command: 'add --from .mcp.json',
    exit: 0,
    says: /more than 65536 characters/,
  },
  {
    source: 'CWE-770',
    attack: 'a project’s file has 20,000 servers',
    files: () => ({
      '.mcp.json': { mcpServers: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`s ${i}`, { url: 'https://a.example/' }])) },
    }),
    command: 'add --from .mcp.json',
    exit: 1,
    says: /has 20000 servers, more than the limit of 10000/,
  },
];
