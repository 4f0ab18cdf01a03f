import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { HttpNoneAuthorizer, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openApiDocument } from '../../shared/api/openapi.ts';
import { routeKey } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { synthesized } from './synthesized.ts';

const FIXTURE = join(import.meta.dirname, 'fixtures/handlers.ts');
const { template, outdir } = synthesized();
afterAll(() => rmSync(outdir, { recursive: true }));

const resources = (type: string) => Object.entries(template.findResources(type));

describe('the API', () => {
  it('lets the routes of the table through, which its function answers and its document describes, and no other', () => {
    const lettingThrough = resources('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey);
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(openApiDocument());
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const inTable = Object.values(ROUTES).map(routeKey).toSorted();

    expect(inTable.length).toBeGreaterThan(10);
    expect(lettingThrough.toSorted()).toEqual(inTable);
    expect(described.toSorted()).toEqual(inTable);
  });

  it('may be called, all of it and nothing else, by whom it is granted', () => {
    const { template: granted, outdir: folder } = synthesized({ handlersEntry: FIXTURE }, (stack) => {
      const backend = new Role(stack, 'Backend', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
      stack.executor.api.grantInvoke(backend);
    });
    rmSync(folder, { recursive: true });
    const [policy] = Object.entries(granted.findResources('AWS::IAM::Policy')).filter(([id]) => id.includes('Backend'));

    const [statement, ...others] = policy?.[1].Properties.PolicyDocument.Statement ?? [];
    expect(others).toEqual([]);
    expect(statement).toMatchObject({ Action: 'execute-api:Invoke', Effect: 'Allow' });
    expect(JSON.stringify(statement.Resource)).toMatch(/:execute-api:.*"Ref":"ExecutorApiHttpApi\w+".*"\/\*\/\*\/\*"/);
  });

  it('asks for what its authorizer does, and cannot be left open', () => {
    const props = (authorizer: IHttpRouteAuthorizer) => ({ handlersEntry: FIXTURE, authorizer });
    const { template: other, outdir: folder } = synthesized(
      props(new HttpJwtAuthorizer('Jwt', 'https://issuer.example.com', { jwtAudience: ['orders'] })),
    );
    rmSync(folder, { recursive: true });

    other.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'JWT' });
    expect(() => synthesized(props(new HttpNoneAuthorizer()))).toThrow(/must not be open/);
  });

  it('is open to nobody: each route asks for a signature', () => {
    template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'AWS_IAM' });
  });
});
