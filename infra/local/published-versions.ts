import type { LocalFunction } from './local-function.ts';

/** Versions of functions, by ARN. They stay as they were published, whatever is deployed later. */
export class PublishedVersions {
  readonly #byArn = new Map<string, LocalFunction>();

  /** One that is published already stays. */
  publish(arn: string, version: () => LocalFunction): void {
    if (!this.#byArn.has(arn)) this.#byArn.set(arn, version());
  }

  find(arn: string): LocalFunction | undefined {
    return this.#byArn.get(arn);
  }

  /** `false`: there was none. */
  async delete(arn: string): Promise<boolean> {
    const version = this.#byArn.get(arn);
    this.#byArn.delete(arn);
    await version?.stop();
    return version !== undefined;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byArn.values()].map((version) => version.stop()));
  }
}
