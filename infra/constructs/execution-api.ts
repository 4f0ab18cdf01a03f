import { HttpApi, HttpMethod, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ROUTES } from '../../shared/api/routes.ts';

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
    for (const { method, path } of Object.values(ROUTES))
      this.httpApi.addRoutes({ path, methods: [HttpMethod[method]], integration });
  }
}
