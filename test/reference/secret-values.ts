/** The secrets both twins have, by name. */
export const SECRETS = { 'sms-api-key': 'kept-8f2c4d1e-to-the-gateway' };
