import { describe, expect, it } from 'vitest';
import { matchRoute } from '../../infra/local/http-routes.ts';

const ROUTES = ['POST /executions', 'GET /executions/{id}', 'GET /executions/mine', 'GET /executions/{id}/outcome'].map(
  (routeKey) => ({ routeKey, target: routeKey }),
);

describe('a route', () => {
  it.each([
    ['POST', '/executions', 'POST /executions', {}],
    ['GET', '/executions/a-1', 'GET /executions/{id}', { id: 'a-1' }],
    ['GET', '/executions/mine', 'GET /executions/mine', {}],
    ['GET', '/executions/a%20b/outcome', 'GET /executions/{id}/outcome', { id: 'a b' }],
  ])('%s %s is %s', (method, path, routeKey, pathParameters) => {
    expect(matchRoute(ROUTES, method, path)).toMatchObject({ routeKey, pathParameters });
  });

  it.each([
    ['GET', '/executions'],
    ['DELETE', '/executions/a'],
    ['GET', '/executions/'],
    ['GET', '/executions/a/b'],
    ['GET', '/executions/%E0%A4%A'],
    ['GET', '/'],
  ])('%s %s is none', (method, path) => {
    expect(matchRoute(ROUTES, method, path)).toBeUndefined();
  });
});
