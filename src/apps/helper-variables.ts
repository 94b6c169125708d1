/** The variables in which an app tells its helper to which URL it will send the headers. The second is Qoder's own spelling. */
export const helperUrlVariables = ['CLAUDE_CODE_MCP_SERVER_URL', 'QODEER_MCP_SERVER_URL'] as const;
