import type { Pools } from '../../shared/model/pools.ts';

/** The named pools both twins have. */
export const POOLS: Pools = { 'label-printers': { size: 2 } };
