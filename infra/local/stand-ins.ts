const PREFIX = 'not-made-here:';

/** Stands for what the local stack does not make: a topic of the application, a thing of another stack. */
export const standInFor = (what: string): string => `${PREFIX}${what}`;

export const isStandIn = (value: string): boolean => value.startsWith(PREFIX);
