/** HTTP whose responses come from a function, for public addresses that a test cannot have. */
import type { Http } from '../../src/effects.js';

export function answersFrom(answer: (url: string) => Response): Http & { readonly asked: string[] } {
  const asked: string[] = [];
  const http = {
    asked,
    allowedNetwork: 'public' as const,
    withAllowedNetwork: () => http,
    withServerAccess: () => http,
    networkOf: () => 'public' as const,
    fetch: (url: string | URL) => {
      asked.push(String(url));
      return Promise.resolve(answer(String(url)));
    },
    open: () => Promise.reject(new Error('only whole answers are made here')),
    close: () => undefined,
  };
  return http;
}
