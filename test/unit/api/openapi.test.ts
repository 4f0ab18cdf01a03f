import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openApiDocument } from '../../../shared/api/openapi.ts';
import { PROBLEMS } from '../../../shared/api/problems.ts';
import { ROUTES } from '../../../shared/api/routes.ts';

const document = openApiDocument();
const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean() })).default([]),
  responses: z.record(z.string(), z.object({ description: z.string() })),
});
const { paths, components } = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), Operation)),
    components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  })
  .parse(document);
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.values(methods).map((operation) => ({ path, ...operation })),
);

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, all of its references included', async () => {
    const validator = new Validator();

    const { valid, errors } = await validator.validate(structuredClone(document));

    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
    expect(() => validator.resolveRefs()).not.toThrow();
  });

  it('refers to schemas it has, and has none that nothing refers to', () => {
    const referred = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );

    expect([...new Set(referred)].sort()).toEqual(Object.keys(components.schemas).sort());
    expect(JSON.stringify(document)).not.toMatch(/"\$(schema|id|defs)"/);
  });

  it('names the parameters of each path, and no others', () => {
    for (const { path, parameters } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

      expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(inPath);
      expect(parameters.filter((parameter) => parameter.in === 'path' && !parameter.required)).toEqual([]);
    }
  });

  it('says of each route which problems it answers with, and under which status', () => {
    for (const { operationId, responses } of operations) {
      const route = Object.entries(ROUTES).find(([id]) => id === operationId)?.[1];
      for (const code of route?.problems ?? []) {
        expect(responses[PROBLEMS[code].status]?.description).toContain(`\`${code}\``);
      }
    }
  });
});
