import cache from './cache.ts';
import callbacks from './callbacks.ts';
import cancel from './cancel.ts';
import caught, { importMember } from './catch.ts';
import checkpoints from './checkpoints.ts';
import conditional from './conditional.ts';
import config from './config.ts';
import context from './context.ts';
import fallback from './fallback.ts';
import history from './history.ts';
import map from './map.ts';
import metrics from './metrics.ts';
import parallel from './parallel.ts';
import pauseAndResume from './pause-and-resume.ts';
import pools from './pools.ts';
import redrive from './redrive.ts';
import retry from './retry.ts';
import secrets from './secrets.ts';
import sequential from './sequential.ts';
import timeout from './timeout.ts';
import tracing from './tracing.ts';

const workflows = [
  sequential,
  parallel,
  conditional,
  pauseAndResume,
  checkpoints,
  cancel,
  redrive,
  callbacks,
  metrics,
  tracing,
  history,
  retry,
  fallback,
  caught,
  importMember,
  cache,
  pools,
  map,
  timeout,
  config,
  context,
  secrets,
];

/** Every handler of the workflows in this folder. */
export const handlers = workflows.flatMap((workflow) => workflow.handlers);
