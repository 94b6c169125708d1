# Build with `mcp-auth.mjs` in the folder: docker build -f relay.Dockerfile -t mcp-auth-relay .
FROM node:22-slim
COPY --chmod=444 mcp-auth.mjs /opt/mcp-auth.mjs
USER node
EXPOSE 8080
ENTRYPOINT ["node", "/opt/mcp-auth.mjs", "relay", "--listen", "0.0.0.0:8080"]
