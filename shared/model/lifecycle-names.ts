/** The `source` of every event that fanjoin puts on a bus. */
export const LIFECYCLE_SOURCE = 'fanjoin';
export const EXECUTION_STATUS_CHANGE = 'Fanjoin Execution Status Change';
export const NODE_STATUS_CHANGE = 'Fanjoin Node Status Change';
