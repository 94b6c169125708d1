/** Normalised responses. More of them are tested in test/reports. */
import { expect, test } from 'vitest';
import { normaliseResponse, tokenNormalisations } from '../../src/oauth/normalisation.js';

test('a response of a megabyte that is nearly a form is read once, and not once for each member', async () => {
  const text = `a=${'&error='.repeat(140_000)} <`;
  const before = performance.now();
  expect(await (await normaliseResponse(new Response(text), { normalisations: tokenNormalisations, status: 200 })).text()).toBe(text);
  expect(performance.now() - before).toBeLessThan(2_000);
});

test.each([
  ['access_token=t&token_type=bearer', { access_token: 't', token_type: 'bearer' }],
  ['scope=a&access_token=t', { access_token: 't', scope: 'a', token_type: 'bearer' }],
])('a form with another content type is read: %s', async (text, body) => {
  expect(await (await normaliseResponse(new Response(text), { normalisations: tokenNormalisations, status: 200 })).json()).toEqual(body);
});

test.each([
  { error: 'slow_down', data: { access_token: 'sent' } },
  { ok: false, data: { access_token: 'sent' } },
])('a token inside an error is not a granted one: %j', async (body) => {
  const response = await normaliseResponse(Response.json(body), { normalisations: tokenNormalisations, status: 200 });
  expect(response.status).toBe(400);
  expect(await response.json()).not.toHaveProperty('access_token');
});
