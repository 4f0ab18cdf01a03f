import { HttpApi, HttpMethod, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** What the API function answers, as API Gateway names routes. */
export const API_ROUTES = [
  'POST /executions',
  'GET /executions',
  'GET /executions/{executionId}',
  'GET /executions/{executionId}/outcome',
  'GET /executions/{executionId}/results',
  'GET /executions/{executionId}/events',
  'GET /executions/{executionId}/definition',
  'GET /executions/{executionId}/billed-operations',
  'POST /executions/{executionId}/cancel',
  'POST /executions/{executionId}/pause',
  'POST /executions/{executionId}/resume',
  'POST /executions/{executionId}/redrive',
  'GET /executions/{executionId}/checkpoints',
  'GET /checkpoints/{checkpointId}',
  'POST /checkpoints/{checkpointId}/resume',
  'GET /workflows/{workflow}/metrics',
] as const;

export interface ExecutionApiProps {
  readonly handler: LambdaFunction;
  /** Who may call. There is no way to leave the API open. @default IAM: callers sign their requests */
  readonly authorizer?: IHttpRouteAuthorizer;
}

/** The HTTP API. A request without a route is answered 404 by the gateway, and costs no invocation. */
export class ExecutionApi extends Construct {
  readonly httpApi: HttpApi;

  constructor(scope: Construct, id: string, { handler, authorizer = new HttpIamAuthorizer() }: ExecutionApiProps) {
    super(scope, id);
    this.httpApi = new HttpApi(this, 'HttpApi', { defaultAuthorizer: authorizer });
    const integration = new HttpLambdaIntegration('Integration', handler);
    for (const route of API_ROUTES) {
      const [method, path] = splitRoute(route);
      this.httpApi.addRoutes({ path, methods: [method], integration });
    }
  }
}

const METHODS: Readonly<Record<string, HttpMethod>> = { GET: HttpMethod.GET, POST: HttpMethod.POST };

function splitRoute(route: string): [HttpMethod, string] {
  const [name = '', path = ''] = route.split(' ');
  const method = METHODS[name];
  if (method === undefined) throw new Error(`The route '${route}' has a method that is not known here: ${name}`);
  return [method, path];
}
