import type { Run } from '../figures.ts';
export async function writeReport(_run: Run): Promise<void> {}
