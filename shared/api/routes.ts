import { EXECUTION_ROUTES } from './execution-routes.ts';
import { OPERATION_ROUTES } from './operation-routes.ts';
import { WORKFLOW_ROUTES } from './workflow-routes.ts';

/**
 * The API: every route there is. What the function answers, what the gateway lets through, what the OpenAPI document says
 * and what the client calls come from here.
 */
export const ROUTES = { ...EXECUTION_ROUTES, ...WORKFLOW_ROUTES, ...OPERATION_ROUTES } as const;

export type Routes = typeof ROUTES;
export type OperationId = keyof Routes;

export const isOperationId = (id: string): id is OperationId => Object.hasOwn(ROUTES, id);
