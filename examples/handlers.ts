import * as audit from './audit/handlers.ts';
import * as orders from './orders/handlers.ts';
import * as poll from './poll/handlers.ts';
import * as reference from './reference/handlers.ts';

/** Every handler of every example: what the deployed node runner carries. */
export const handlers = [
  audit.parse,
  audit.check,
  audit.duplicates,
  audit.reach,
  audit.sizes,
  audit.sizesUnknown,
  audit.report,
  orders.validate,
  orders.reserve,
  orders.charge,
  orders.ship,
  orders.shipByPost,
  orders.release,
  orders.refund,
  poll.submit,
  poll.wait,
  poll.poll,
  poll.finish,
  poll.failed,
  poll.giveUp,
  ...reference.handlers,
];
