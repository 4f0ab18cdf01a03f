import { FanjoinError } from '../../shared/errors.ts';
import { StackStatus } from './stack-status.ts';

/**
 * What a local stack is at that runs in another process.
 *
 * @param adminUrl where it shows that: `http://127.0.0.1:4599`
 * @throws {FanjoinError} `STACK_UNREACHABLE`
 */
export async function fetchStatus(adminUrl: string): Promise<StackStatus> {
  const url = URL.parse('/status.json', adminUrl);
  try {
    if (url === null) throw new Error('it is no URL');
    const response = await fetch(url);
    return StackStatus.parse(await response.json());
  } catch (error) {
    throw new FanjoinError(
      'STACK_UNREACHABLE',
      `No local stack shows what it is at on ${adminUrl}. Start one (npm run local, npx fanjoin-local), which says where it does, and pass that as --admin.`,
      { cause: error },
    );
  }
}
