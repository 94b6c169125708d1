/**
 * What is used of `@redis/client`, loaded by the first call. Imported by name here: in the built program, `import()` of a CommonJS package
 * has no names.
 */
export { createClient, ErrorReply } from '@redis/client';
