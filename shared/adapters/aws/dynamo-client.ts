import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { requestSettings } from './request-settings.ts';

/** A client of its own module, as each is: a function carries the clients that it uses, and no other. */
export const createDynamoClient = (): DynamoDBClient =>
  // A hung connection costs a Lambda its time: better broken off and tried again.
  new DynamoDBClient(requestSettings(3_000, 200));
