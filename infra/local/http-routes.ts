/** A route of an HTTP API and what answers it. */
export interface Route<Target> {
  /** As the template has it: `GET /executions/{executionId}`. */
  readonly routeKey: string;
  readonly target: Target;
  /** Who may call it. Default: anybody. */
  readonly authorization?: 'AWS_IAM';
}

export interface MatchedRoute<Target> extends Route<Target> {
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The route of a request; where several match, the one with the fewest parameters. */
export function matchRoute<Target>(
  routes: readonly Route<Target>[],
  method: string,
  path: string,
): MatchedRoute<Target> | undefined {
  const matches = routes.flatMap((route) => {
    const pathParameters = matchKey(route.routeKey, method, path);
    return pathParameters === undefined ? [] : [{ ...route, pathParameters }];
  });
  return matches.sort((a, b) => Object.keys(a.pathParameters).length - Object.keys(b.pathParameters).length)[0];
}

function matchKey(routeKey: string, method: string, path: string): Record<string, string> | undefined {
  const [routeMethod, routePath = ''] = routeKey.split(' ');
  const wanted = routePath.split('/');
  const given = path.split('/');
  if ((routeMethod !== method && routeMethod !== 'ANY') || wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined && part !== value) return undefined;
    if (name === undefined) continue;
    const decoded = decode(value);
    if (decoded === undefined || decoded === '') return undefined;
    parameters[name] = decoded;
  }
  return parameters;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
