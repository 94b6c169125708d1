import { once } from 'node:events';

/** Opens `url` in the browser of this machine, without a shell. False if there is no program to open it with. */
export async function openBrowser(url: string): Promise<boolean> {
  const { default: open } = await import('open');
  try {
    const child = await open(url);
    if (child.pid === undefined) await once(child, 'spawn');
    return true;
  } catch {
    return false;
  }
}
