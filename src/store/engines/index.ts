/** The engines that a store can be in, besides a file. To add one, export it from a file of this folder and add it to the list. */
import type { EngineKind } from './engine.js';
import { postgres } from './postgres.js';
import { redis } from './redis.js';

export const engines: readonly EngineKind[] = [postgres, redis];
