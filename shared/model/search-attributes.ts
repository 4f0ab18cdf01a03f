import * as z from 'zod';

const MAX_ATTRIBUTES = 3;

const AttributeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,39}$/, 'a search attribute has a letter, then up to 39 letters, digits, - and _');

const AttributeValue = z
  .string()
  .min(1)
  .max(200)
  .refine((value) => value.isWellFormed(), 'is no well-formed Unicode');

/** What an execution can be found by, beside its workflow, status and start. Each costs two small writes at its start. */
export const SearchAttributes = z
  .record(AttributeName, AttributeValue)
  .refine((attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES, `holds more than ${MAX_ATTRIBUTES}`);
export type SearchAttributes = z.infer<typeof SearchAttributes>;
