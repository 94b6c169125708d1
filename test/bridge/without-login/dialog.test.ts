/** The address of a login in a dialog of the app: elicitation/create and error -32042 of MCP 2025-11-25. */
import { describe, expect, test } from 'vitest';
import { answerTo, loginServer, openApp, storeWithout, textOf, urlCapability } from '../../helpers/app-session.js';

/** An app that shows a URL, without a login. */
async function openDialogApp(capabilities: Record<string, unknown> = urlCapability) {
  const server = await loginServer();
  return { server, app: await openApp(storeWithout(server), { capabilities }) };
}

const elicitation = 'elicitation/create';
const completion = 'notifications/elicitation/complete';

describe('elicitation/create', () => {
  test('the dialog has the address and the code; the held call is made after the approval', async () => {
    const { server, app } = await openDialogApp();
    const call = app.call('greet');
    const asked = await app.heard(elicitation);
    expect(asked.params).toEqual({
      mode: 'url',
      elicitationId: asked['id'],
      url: `${server.origin}/activate`,
      message: expect.stringMatching(/^Enter the code WDJB-MJH1\. You log in to 127\.0\.0\.1:\d+\./) as string,
    });
    app.say(answerTo(asked, { action: 'accept' }));
    expect(server.calls()).toEqual([]);
    await app.approve(server);
    expect(await call).toEqual({ text: 'made greet', isError: false });
    expect(server.calls()).toHaveLength(1);
    expect(await app.heard(completion)).toMatchObject({ params: { elicitationId: asked['id'] } });
    expect(app.messages().map(({ method }) => method)).not.toContain('notifications/cancelled');
  });

  test.each(['decline', 'cancel'])('%s at once is not the user’s: the result has the address and the code', async (action) => {
    const { server, app } = await openDialogApp();
    const call = app.call('greet');
    app.say(answerTo(await app.heard(elicitation), { action }));
    const { text, isError } = await call;
    expect(isError).toBe(true);
    expect(text).toMatch(/^This server requires a login, so the call was not made\.\n/);
    expect(text).toContain(`\n${server.origin}/activate\nand to enter the code: WDJB-MJH1\n`);
    expect(text).toContain('call this tool again');
  });

  test('an app that answers with an error: the result has the address', async () => {
    const { server, app } = await openDialogApp();
    const call = app.call('greet');
    app.say({ id: (await app.heard(elicitation))['id'], error: { code: -32_601, message: 'not supported' } });
    expect((await call).text).toContain(`\n${server.origin}/activate\n`);
  });

  test('a decline after reading is the user’s, and the result says so', async () => {
    const { app } = await openDialogApp();
    const call = app.call('greet');
    const asked = await app.heard(elicitation);
    app.clock.advance(2000);
    app.say(answerTo(asked, { action: 'decline' }));
    const { text, isError } = await call;
    expect(isError).toBe(true);
    expect(text).toContain('The user has declined to log in');
    expect(text).toContain('Do not ask again');
  });

  test('a cancel after reading says neither yes nor no', async () => {
    const { app } = await openDialogApp();
    const call = app.call('greet');
    const asked = await app.heard(elicitation);
    app.clock.advance(2000);
    app.say(answerTo(asked, { action: 'cancel' }));
    expect((await call).text).not.toContain('declined');
  });

  test('a login that arrives while the dialog is open closes it, and the call is made', async () => {
    const { server, app } = await openDialogApp();
    const call = app.call('greet');
    const asked = await app.heard(elicitation);
    await app.approve(server);
    expect((await call).text).toBe('made greet');
    expect(await app.heard('notifications/cancelled')).toMatchObject({ params: { requestId: asked['id'] } });
    expect(await app.heard(completion)).toMatchObject({ params: { elicitationId: asked['id'] } });
  });

  test('an answer that comes after that is not passed on to the server', async () => {
    const { server, app } = await openDialogApp();
    const call = app.call('greet');
    const asked = await app.heard(elicitation);
    await app.approve(server);
    await call;
    app.say(answerTo(asked, { action: 'accept' }));
    expect((await app.call('time')).text).toBe('made time');
    expect(server.requests.filter(({ body }) => body['id'] === asked['id'])).toEqual([]);
  });

  test('three calls at once: one dialog, and all are made', async () => {
    const { server, app } = await openDialogApp();
    const calls = ['greet', 'time', 'greet'].map((name) => app.call(name));
    app.say(answerTo(await app.heard(elicitation), { action: 'accept' }));
    // They start the login one after the other.
    await app.clock.passUntil(app.clock.waitForAlarm(20_000, 2), 10);
    await app.approve(server);
    expect((await app.clock.passUntil(Promise.all(calls), 10)).map(({ text }) => text)).toEqual(['made greet', 'made time', 'made greet']);
    expect(app.messages().filter(({ method }) => method === elicitation)).toHaveLength(1);
    expect(server.asked('POST /device')).toHaveLength(1);
  });

  test('a second call after the dialog waits without another one', async () => {
    const { server, app } = await openDialogApp();
    const first = app.call('greet');
    app.say(answerTo(await app.heard(elicitation), { action: 'cancel' }));
    await first;
    const second = app.call('greet');
    await app.approve(server);
    expect((await second).text).toBe('made greet');
    expect(app.messages().filter(({ method }) => method === elicitation)).toHaveLength(1);
  });

  test('a call that is held for too long is answered, and is not made later', async () => {
    const { server, app } = await openDialogApp();
    const call = app.call('greet');
    app.say(answerTo(await app.heard(elicitation), { action: 'accept' }));
    await app.clock.waitForAlarm(50_000);
    app.clock.advance(50_000);
    const { text, isError } = await call;
    expect(isError).toBe(true);
    expect(text).toMatch(/^The user has not approved yet\.\n/);
    expect(text).toContain('WDJB-MJH1');
    await app.approve(server);
    await app.heard('notifications/tools/list_changed');
    await app.call('time');
    expect(server.calls().map(({ body }) => (body['params'] as { name: string }).name)).toEqual(['time']);
  });

  test.each([
    ['form only', { elicitation: { form: {} } }],
    ['form only, as of 2025-06-18', { elicitation: {} }],
    ['none', {}],
  ])('elicitation %s: no dialog, but the address in the result', async (_, capabilities) => {
    const { server, app } = await openDialogApp(capabilities);
    expect((await app.call('greet')).text).toContain(`${server.origin}/activate`);
    const retried = app.call('greet');
    await app.approve(server);
    expect((await retried).text).toBe('made greet');
    await app.heard('notifications/tools/list_changed');
    expect(app.messages().filter(({ method }) => String(method).includes('elicitation'))).toEqual([]);
  });

  test('a held call that the app cancels is never made, and not answered', async () => {
    const { server, app } = await openDialogApp();
    void app.ask('tools/call', { name: 'greet' }).catch(() => undefined);
    const asked = await app.heard(elicitation);
    app.say({ method: 'notifications/cancelled', params: { requestId: 2 } });
    app.say(answerTo(asked, { action: 'accept' }));
    await app.approve(server);
    await app.heard('notifications/tools/list_changed');
    expect((await app.call('time')).text).toBe('made time');
    expect(server.calls()).toHaveLength(1);
    expect(app.bridge.events.filter(({ id }) => id === 2)).toEqual([]);
  });
});

describe('progress', () => {
  test('a call that wants progress is told of it at once and every ten seconds, and held for five minutes', async () => {
    const { server, app } = await openDialogApp();
    const call = app.ask('tools/call', { name: 'greet', _meta: { progressToken: 'p' } });
    app.say(answerTo(await app.heard(elicitation), { action: 'accept' }));
    await app.clock.waitForAlarm(300_000);
    for (let count = 0; count < 3; count += 1) app.clock.advance(10_000);
    await expect.poll(() => app.messages().filter(({ method }) => method === 'notifications/progress')).toHaveLength(4);
    const [first, second] = app.messages().filter(({ method }) => method === 'notifications/progress');
    // The dialog of Copilot CLI is closed by now.
    const message = `Waiting for the user to enter the code WDJB-MJH1 at ${server.origin}/activate`;
    expect(first).toMatchObject({ params: { progressToken: 'p', progress: 1, message } });
    expect(second).toMatchObject({ params: { progressToken: 'p', progress: 2 } });
    app.clock.advance(270_000);
    expect(textOf(await call).text).toContain('not approved yet');
  });

  test('a call that does not want it hears nothing', async () => {
    const { app } = await openDialogApp();
    const call = app.call('greet');
    app.say(answerTo(await app.heard(elicitation), { action: 'accept' }));
    await app.clock.waitForAlarm(50_000);
    app.clock.advance(20_000);
    app.clock.advance(30_000);
    await call;
    expect(app.messages().map(({ method }) => method)).not.toContain('notifications/progress');
  });
});

describe('error -32042', () => {
  test.each([
    ['prompts/get', { name: 'ask' }],
    ['resources/read', { uri: 'file:///x' }],
  ])('%s: the error has the address, its completion is sent, and the retry works', async (method, params) => {
    const { server, app } = await openDialogApp();
    const { error } = await app.ask(method, params);
    const { elicitations } = error?.data as unknown as { elicitations: Record<string, string>[] };
    expect(error?.code).toBe(-32_042);
    expect(elicitations).toEqual([
      {
        mode: 'url',
        elicitationId: expect.any(String) as string,
        url: `${server.origin}/activate`,
        message: expect.stringContaining('WDJB-MJH1') as string,
      },
    ]);
    await app.approve(server);
    expect(await app.heard(completion)).toMatchObject({ params: { elicitationId: elicitations[0]?.['elicitationId'] } });
    expect((await app.ask(method, params)).result).toEqual({ answered: method });
  });

  test('a retry before the approval is held, and then answered with the command', async () => {
    const { app } = await openDialogApp();
    await app.ask('prompts/get', { name: 'ask' });
    const retried = app.ask('prompts/get', { name: 'ask' });
    await app.clock.waitForAlarm(20_000);
    app.clock.advance(20_000);
    expect((await retried).error).toMatchObject({ code: -32_001, message: expect.stringContaining('mcp-auth login') as string });
  });

  test.each(['prompts/get', 'resources/read'])('%s of an app without URLs: the command to run, and no login is started', async (method) => {
    const { server, app } = await openDialogApp({});
    const { error } = await app.ask(method, { name: 'ask', uri: 'x:y' });
    expect(error).toMatchObject({ code: -32_001, message: expect.stringContaining('mcp-auth login') as string });
    expect(server.asked('POST /device')).toEqual([]);
    expect(server.asked('POST /register')).toEqual([]);
  });
});
