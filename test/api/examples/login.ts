import { AuthError, login } from 'mcp-auth-cli';

try {
  const { server, expiresAtSeconds } = await login('https://mcp.example.com/mcp', {
    ui: {
      onEvent: (event) => {
        if (event.event === 'device_code') console.log(`Open ${event.verification_uri} and enter ${event.user_code}`);
      },
    },
  });
  console.log(`Logged in to ${server} until ${new Date((expiresAtSeconds ?? 0) * 1000).toISOString()}`);
} catch (error) {
  if (error instanceof AuthError) console.error(error.code, error.message, error.hint);
}
