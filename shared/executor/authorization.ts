import { type Authorize, regionOfHost, type SigningOptions, signRequests } from '../adapters/aws/sign-requests.ts';
import { FanjoinError } from '../errors.ts';

/** Who calls an endpoint. */
export interface AuthorizationOptions {
  /** Signs requests with these. Default: as the AWS SDK finds them, in the environment, the profile, or of the machine's role. */
  readonly credentials?: SigningOptions['credentials'];
  /** Signs requests for this region. Default: the one in the endpoint's host name, else `AWS_REGION`. */
  readonly region?: string | undefined;
  /** In place of a signature, for an API with an authorizer of its own: gives headers that say who sends a request. */
  readonly authorize?: Authorize | undefined;
}

/**
 * How requests to an endpoint say who sends them: signed where its host is one of API Gateway's, where credentials or a
 * region are given, and where the environment names both. `undefined`: not at all.
 *
 * @throws {FanjoinError} `INVALID_INPUT`: credentials are given, and no region
 */
export function authorizationOf(
  endpoint: URL,
  { credentials, region, authorize }: AuthorizationOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Authorize | undefined {
  if (authorize !== undefined) return authorize;
  const { AWS_REGION = environment.AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_PROFILE } = environment;
  const ofHost = regionOfHost(endpoint.hostname);
  const isEnvironmentSet = AWS_REGION !== undefined && (AWS_ACCESS_KEY_ID ?? AWS_PROFILE) !== undefined;
  if (credentials === undefined && region === undefined && ofHost === undefined && !isEnvironmentSet) return undefined;
  const signedFor = region ?? ofHost ?? AWS_REGION;
  if (signedFor === undefined) {
    throw new FanjoinError(
      'INVALID_INPUT',
      `No region is known to sign requests to ${endpoint.origin} for: pass \`region\`, or set AWS_REGION.`,
    );
  }
  return signRequests({ credentials, region: signedFor });
}
