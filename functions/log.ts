import { Logger } from '../shared/observability/logger.ts';
import { environment } from './environment.ts';

/** Lines of JSON, from the level on that the stack says. */
export const log = new Logger({ level: environment.LOG_LEVEL, write: (line) => console.log(line) });
