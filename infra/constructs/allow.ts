import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';

/** Lets a function do just these actions on these resources; the `grant*` methods of the library allow more than is called. */
export function allow(user: LambdaFunction, actions: readonly string[], ...resources: readonly string[]): void {
  user.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
}
