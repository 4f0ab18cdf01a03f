import { SQSClient } from '@aws-sdk/client-sqs';
import { requestSettings } from './request-settings.ts';

// Above the longest poll, 20 s.
export const createSqsClient = (): SQSClient => new SQSClient(requestSettings(25_000, 50));
