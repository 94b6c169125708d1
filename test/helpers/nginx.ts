/** A real nginx with TLS before servers on loopback, as docs/relay.md shows it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { makeCertificates } from './certificates.js';
import { temporaryFolder } from './folder.js';
import { findFreePort } from './redis.js';

export interface Nginx {
  /** https://localhost:PORT */
  readonly origin: string;
  /** The certificate of the authority that has issued the server's. */
  readonly caFile: string;
}

/**
 * Starts nginx, until the current test ends.
 *
 * @param locations maps the start of a path, or a regular expression after `~ `, to the server that gets its requests.
 */
export async function startNginx(program: string, locations: Readonly<Record<string, string>>): Promise<Nginx> {
  const folder = temporaryFolder();
  makeCertificates(folder, ['localhost']);
  mkdirSync(path.join(folder, 'temp'));
  const port = await findFreePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/temp/${name};`);
  const proxied = Object.entries(locations).map(([place, server]) => `location ${place} { proxy_pass ${server}; ${proxyLines.join(' ')} }`);
  const lines = [
    'daemon off; master_process off; worker_processes 1;',
    `pid ${folder}/pid; error_log ${folder}/error.log;`,
    'events { worker_connections 256; }',
    `http { access_log off; ${temporary.join(' ')}`,
    `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;`,
    ...proxied,
    '} }',
  ];
  writeFileSync(path.join(folder, 'nginx.conf'), lines.join('\n'));
  const child = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  while (!(await canConnect(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { origin: `https://localhost:${port}`, caFile: path.join(folder, 'ca.pem') };
}

/** What docs/relay.md says for nginx. */
export const proxyLines = [
  'proxy_set_header Host $host;',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_http_version 1.1;',
  'proxy_set_header Connection "";',
  'proxy_read_timeout 60s;',
];

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
