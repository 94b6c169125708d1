-- Gives the role its password, from a file: compose.yaml runs this after postgres.sql.
\set password `cat /run/secrets/role-password`
ALTER ROLE mcp_auth PASSWORD :'password';
