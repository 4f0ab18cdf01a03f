import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTES } from '../../shared/api/routes.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { acknowledge } from './acknowledge.ts';

export interface ExecutionApiProps {
  readonly handler: LambdaFunction;
  /** Who may call. There is no way to leave the API open. @default IAM: callers sign their requests */
  readonly authorizer?: IHttpRouteAuthorizer;
  /** Whether each request is noted: who asked for which route, and what came of it; 300 bytes each. @default true */
  readonly accessLogs?: boolean;
  /** How long requests are kept. @default one month */
  readonly logRetention?: RetentionDays;
}

/** A line of the access log. Not the query: it may hold search attributes. */
const ACCESS = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  route: '$context.routeKey',
  path: '$context.path',
  caller: '$context.identity.userArn',
  ip: '$context.identity.sourceIp',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  error: '$context.error.message',
});

/** The HTTP API. A request without a route is answered 404 by the gateway, and costs no invocation. */
export class ExecutionApi extends Construct {
  readonly httpApi: HttpApi;

  /** @throws {FanjoinError} `API_OPEN` */
  constructor(scope: Construct, id: string, props: ExecutionApiProps) {
    super(scope, id);
    const { handler, authorizer = new HttpIamAuthorizer() } = props;
    if (authorizer instanceof HttpNoneAuthorizer)
      throw new FanjoinError('API_OPEN', 'The API must not be open: give it an authorizer, or none for IAM');
    this.httpApi = new HttpApi(this, 'HttpApi', { defaultAuthorizer: authorizer, createDefaultStage: false });
    this.#addStage(props);
    const integration = new HttpLambdaIntegration('Integration', handler);
    for (const { method, path } of Object.values(ROUTES))
      this.httpApi.addRoutes({ path, methods: [HttpMethod[method]], integration });
  }

  /** Lets somebody call all routes, by a policy of theirs. Of use with the default authorizer, IAM. */
  grantInvoke(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: [this.httpApi.arnForExecuteApi()],
    });
  }

  #addStage({ accessLogs = true, logRetention = RetentionDays.ONE_MONTH }: ExecutionApiProps): void {
    const common = { httpApi: this.httpApi, autoDeploy: true };
    if (!accessLogs) {
      const stage = new HttpStage(this, 'Stage', common);
      acknowledge(stage, 'APIG1', 'The application has said that it wants no access log');
      return;
    }
    const logGroup = new LogGroup(this, 'AccessLogs', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      ...common,
      accessLogSettings: { destination: new LogGroupLogDestination(logGroup), format: AccessLogFormat.custom(ACCESS) },
    });
  }
}
