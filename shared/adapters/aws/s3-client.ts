import { S3Client } from '@aws-sdk/client-s3';
import { requestSettings } from './request-settings.ts';

export const createS3Client = (): S3Client => new S3Client(requestSettings(60_000, 50));
