/** Options with which Lambda starts Node in a function of so much memory: a tenth of it is for what is new, the rest for what is old. */
export const heapOptions = (megabytes: number): string[] => [
  `--max-semi-space-size=${Math.floor(megabytes / 20)}`,
  `--max-old-space-size=${Math.floor((megabytes * 9) / 10)}`,
];
