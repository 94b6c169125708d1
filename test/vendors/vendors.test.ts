/** Each known vendor of authorization servers, under its real host names, in a network namespace of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findVendor, vendors } from '../../src/oauth/vendors/index.js';
import { makeCertificates } from '../helpers/certificates.js';
import { describeWith } from '../helpers/installed.js';
import { runInOwnNetwork } from '../helpers/own-network.js';
import type { Result } from './inside.js';
import { vendorServers } from './servers/index.js';

/** All hosts in the certificate. */
const hosts = [
  ...['mcp.contoso.example', 'sso.contoso.example', 'login.microsoftonline.com', 'login.microsoftonline.us', 'contoso.b2clogin.com'],
  ...['contoso.ciamlogin.com', 'accounts.google.com', 'oauth2.googleapis.com', 'calendarmcp.googleapis.com'],
  ...['cognito-idp.eu-west-1.amazonaws.com', 'contoso.auth.eu-west-1.amazoncognito.com', 'contoso.eu.auth0.com', 'contoso.okta.com'],
  ...['api.githubcopilot.com', 'github.com', 'gitlab.com', 'mcp.slack.com', 'slack.com', 'mcp.atlassian.com', 'cf.mcp.atlassian.com'],
  ...['auth.atlassian.com', 'api.salesforce.com', 'login.salesforce.com', 'mcp.hubspot.com', 'mcp.notion.com', 'mcp.linear.app'],
  ...['mcp.figma.com', 'api.figma.com', 'mcp.sentry.dev', 'mcp.stripe.com', 'access.stripe.com', 'mcp.cloudflare.com'],
];

describeWith('bwrap', 'Vendors without any option', (bwrap) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-vendors-'));
  let results: Result[] = [];
  beforeAll(() => {
    makeCertificates(folder, hosts);
    results = runInOwnNetwork({ bwrap, folder, script: path.join(import.meta.dirname, 'inside.ts') }) as Result[];
  }, 310_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(vendorServers)('$vendor: $what', ({ vendor, what, refusal, says }) => {
    const result = results.find((one) => one.vendor === vendor && one.what === what);
    if (refusal !== undefined) {
      expect(result?.exits[0], result?.stderr).toBe(1);
      expect(result?.stderr).toMatch(refusal);
      expect(result?.isStored).toBe(false);
      return;
    }
    expect(result?.exits, result?.stderr).toEqual([0, 0, 0]);
    expect(result?.stdout).toMatch(/^access-\d+\n$/);
    expect(result?.hasRefreshToken).toBe(true);
    if (says !== undefined) expect(result?.stderr).toMatch(says);
    expect(result?.stderr).not.toContain('could not be tried');
  });
});

describe('the vendor records', () => {
  test('each vendor has a server here, and there are no others', () => {
    expect([...new Set(vendorServers.map(({ vendor }) => vendor))].sort()).toEqual(vendors.map(({ name }) => name).sort());
  });

  test.each(vendors)(
    '$name: each fact has a source, and each issuer is recognised as this vendor',
    ({ name, issuers, isIssuer, needs, notes }) => {
      for (const fact of [...Object.values(needs), ...notes]) expect(fact.source).toMatch(/^(https:\/\/|[\w.-]+\/[\w.-]+( |#))/);
      expect(issuers.length).toBeGreaterThan(0);
      for (const issuer of issuers) {
        const example = issuer.replace('://…', '://example').replaceAll('/…', '/9f7a2b10-1c2d-4e5f-8a9b-0c1d2e3f4a5b').replaceAll('…', 'x');
        expect(isIssuer(new URL(example)), example).toBe(true);
        expect(findVendor(example)?.name).toBe(name);
      }
    },
  );

  test.each([
    'https://login.microsoftonline.com.evil.example/common/v2.0',
    'https://evil.example/login.microsoftonline.com/v2.0',
    'https://evilb2clogin.com/x/v2.0',
    'https://notauth0.com/',
    'http://accounts.google.com',
    'https://accounts.google.com.evil.example',
    'https://cognito-idp.evil.example/amazonaws.com',
    'https://evil.example/?https://accounts.google.com',
  ])('%s is of no vendor with needs', (issuer) => {
    expect(findVendor(issuer)?.needs ?? {}).toEqual({});
  });

  test.each([
    { found: 'https://login.microsoftonline.com/{tenantid}/v2.0', asked: 'https://login.microsoftonline.com/common/v2.0', fits: true },
    { found: 'https://evil.example/{tenantid}/v2.0', asked: 'https://login.microsoftonline.com/common/v2.0', fits: false },
    { found: 'https://accounts.google.com/', asked: 'https://login.microsoftonline.com/common/v2.0', fits: false },
    { found: 'https://login.microsoftonline.com/other/v2.0', asked: 'https://login.microsoftonline.com/common/v2.0', fits: false },
    { found: 'https://evil.example/9f7a2b10-1c2d-4e5f-8a9b-0c1d2e3f4a5b/v2.0', asked: 'https://contoso.ciamlogin.com/x/v2.0', fits: false },
    { found: 'https://slack.com', asked: 'https://mcp.slack.com', fits: true },
    { found: 'https://evil.example', asked: 'https://mcp.slack.com', fits: false },
    { found: 'https://login.salesforce.com', asked: 'https://api.salesforce.com/platform/mcp/v1/x', fits: true },
    { found: 'https://login.salesforce.com', asked: 'https://login.salesforce.com.evil.example', fits: false },
    { found: 'https://auth.atlassian.com', asked: 'https://auth.atlassian.com/VCeDsk8', fits: true },
    { found: 'https://evil.atlassian.net', asked: 'https://mcp.atlassian.com', fits: false },
  ])('an issuer $found at $asked: $fits', ({ found, asked, fits }) => {
    expect(findVendor(asked)?.needs.issuerForm?.value(new URL(found), new URL(asked)) ?? false).toBe(fits);
  });
});
