import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnSecret, type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface EmptySecretProps {
  readonly description: string;
  /** @default RETAIN: somebody may have typed its value in */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A secret without a value, to be given one where no template and no history keeps it:
 * `aws secretsmanager put-secret-value --secret-id <arn> --secret-string …`
 *
 * Not the library's own, which always makes a value up: a workflow would take it for the real one.
 */
export class EmptySecret extends Construct {
  readonly secret: ISecret;

  constructor(scope: Construct, id: string, { description, removalPolicy = RemovalPolicy.RETAIN }: EmptySecretProps) {
    super(scope, id);
    const resource = new CfnSecret(this, 'Resource', { description });
    resource.applyRemovalPolicy(removalPolicy);
    acknowledge(resource, 'SMG4', 'Its value is given by hand, and only whoever gave it can say how it is renewed');
    this.secret = Secret.fromSecretCompleteArn(this, 'Secret', resource.ref);
  }
}
