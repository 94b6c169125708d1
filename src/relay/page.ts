/** What all pages have: their frame, and a policy that allows nothing but what is in them. */
import { createHash } from 'node:crypto';
import { html, Html } from './html.js';
import { style } from './style.js';

export interface Page {
  readonly title: string;
  readonly body: Html;
  readonly status?: number;
  /** A script of ours, which may send requests to this relay. */
  readonly script?: string;
  /** Whether it has a form. */
  readonly hasForm?: boolean;
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[];
}

export function respondPage({ title, body, status = 200, script, hasForm = false, cookies = [] }: Page): Response {
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · mcp-auth</title>
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          <p class="name">mcp-auth</p>
          <h1>${title}</h1>
          ${body}
        </main>
        ${script === undefined ? '' : new Html(`<script>${script}</script>`)}
      </body>
    </html> `;
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': describePolicy(script),
    // With no-referrer, browsers would send a form with "Origin: null". Other sites get no referrer in either case.
    ...(hasForm && { 'referrer-policy': 'same-origin' }),
  });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(text, { status, headers });
}

function describePolicy(script: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src '${hashSource(style)}'`,
    ...(script === undefined ? [] : [`script-src '${hashSource(script)}'`, "connect-src 'self'"]),
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

/** As Content-Security-Policy names an inline script or style. */
export function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
