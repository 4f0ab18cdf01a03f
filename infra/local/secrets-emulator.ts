import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';

const GetSecretValue = z.object({ SecretId: z.string() });

/**
 * As much of Secrets Manager as the functions call: `GetSecretValue`, in the service's own protocol, for nobody but this
 * machine.
 *
 * @param findValue the value of the secret with this ARN; `undefined`: it has none
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export function startSecretsManager(findValue: (arn: string) => string | undefined): Promise<LoopbackServer> {
  return startLoopbackServer((request, response) => {
    answer(request, response, findValue).catch(() => response.destroy());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  findValue: (arn: string) => string | undefined,
): Promise<void> {
  const body = await text(request);
  const operation = request.headers['x-amz-target'];
  if (operation !== 'secretsmanager.GetSecretValue')
    return say(response, 400, { __type: 'UnknownOperationException', message: `${operation} is not done locally` });
  const { SecretId } = GetSecretValue.parse(JSON.parse(body));
  const SecretString = findValue(SecretId);
  if (SecretString === undefined) {
    const message = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT";
    return say(response, 400, { __type: 'ResourceNotFoundException', Message: message });
  }
  say(response, 200, { ARN: SecretId, Name: SecretId.split(':').at(-1), SecretString, VersionStages: ['AWSCURRENT'] });
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
