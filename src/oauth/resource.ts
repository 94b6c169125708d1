/** Resource identifiers: RFC 8707 section 2, RFC 9728 section 3.3. */

/** Whether a resource identifier names the server's URL itself or a path above it on the same origin. */
export function covers(resource: string, serverUrl: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname, search } = new URL(resource);
  if (origin !== serverUrl.origin || (search !== '' && search !== serverUrl.search)) return false;
  return `${serverUrl.pathname}/`.startsWith(pathname.endsWith('/') ? pathname : `${pathname}/`);
}
