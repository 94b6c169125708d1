/** Answers that are put right before they are read: what else there is stands in test/reports. */
import { expect, test } from 'vitest';
import { normaliseResponse, tokenNormalisations } from '../../src/oauth/normalisation.js';

test('an answer of a megabyte that is nearly a form is read once, and not once for each of its members', async () => {
  const text = `a=${'&error='.repeat(140_000)} <`;
  const before = performance.now();
  expect(await (await normaliseResponse(new Response(text), { normalisations: tokenNormalisations, status: 200 })).text()).toBe(text);
  expect(performance.now() - before).toBeLessThan(2_000);
});

test.each([
  ['access_token=t&token_type=bearer', { access_token: 't', token_type: 'bearer' }],
  ['scope=a&access_token=t', { access_token: 't', scope: 'a', token_type: 'bearer' }],
])('a form that is called something else is a form: %s', async (text, body) => {
  expect(await (await normaliseResponse(new Response(text), { normalisations: tokenNormalisations, status: 200 })).json()).toEqual(body);
});
