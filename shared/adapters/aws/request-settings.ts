const CONNECTION_TIMEOUT_MS = 1_000;
const MAX_ATTEMPTS = 4;

/** What every client is made with. */
export const requestSettings = (requestTimeout: number, maxSockets: number) => ({
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpsAgent: { keepAlive: true, maxSockets },
  },
});
