/**
 * What is used of `@redis/client`. It is a CommonJS package: if the build finds a dynamic import of it, that has a default export
 * only. So this file is imported dynamically.
 */
export { createClient, ErrorReply } from '@redis/client';
