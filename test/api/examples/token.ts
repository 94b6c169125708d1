import { getToken } from 'mcp-auth-cli';

const response = await fetch('https://mcp.example.com/mcp', {
  method: 'POST',
  headers: { Authorization: `Bearer ${await getToken('example')}` },
});
console.log(response.status);
