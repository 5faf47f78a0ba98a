/** What a zod schema says about the place that a path leads to: its keys and its description. */
import { z } from "zod";
import type { YamlPath } from "./yaml-tree.ts";

/** The keys that a mapping may have there. `value` chooses between the forms of a union. */
export function keysAt(schema: z.core.$ZodType, path: YamlPath, value: unknown): string[] {
  const keys = schemasAt(schema, path, value).flatMap(({ schema: found, value: there }) =>
    forms(found, there).flatMap((form) =>
      form instanceof z.ZodObject ? Object.keys(form.shape) : [],
    ),
  );
  return [...new Set(keys)];
}

export function descriptionAt(
  schema: z.core.$ZodType,
  path: YamlPath,
  value: unknown,
): string | undefined {
  return schemasAt(schema, path, value)
    .map(({ schema: found }) => z.globalRegistry.get(found)?.description)
    .find((description) => description !== undefined);
}

interface Found {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
}

function schemasAt(schema: z.core.$ZodType, path: YamlPath, value: unknown): Found[] {
  let found: Found[] = [{ schema, value }];
  for (const segment of path) {
    found = found.flatMap((here) => {
      const child = childOf(here.value, segment);
      return forms(here.schema, here.value).flatMap((form) => {
        const inner = childSchema(form, segment);
        return inner === undefined ? [] : [{ schema: inner, value: child }];
      });
    });
  }
  return found;
}

function childSchema(form: z.core.$ZodType, segment: string | number): z.core.$ZodType | undefined {
  if (form instanceof z.ZodObject) return form.shape[segment];
  if (form instanceof z.ZodRecord) return form.valueType;
  return form instanceof z.ZodArray ? form.element : undefined;
}

/** The schema without wrappers such as `.optional()`; of a union, the forms that `value` can mean. */
function forms(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return forms(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodPipe) return forms(schema.in, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const all = schema.options.flatMap((option) => forms(option, value));
    const chosen = childOf(value, discriminator);
    const meant = all.filter((form) => {
      const tag = form instanceof z.ZodObject ? form.shape[discriminator] : undefined;
      return tag instanceof z.ZodLiteral && [...tag.values].some((literal) => literal === chosen);
    });
    return meant.length > 0 ? meant : all;
  }
  return schema instanceof z.ZodUnion
    ? schema.options.flatMap((option) => forms(option, value))
    : [schema];
}

/** A value's child by key or index; undefined where it has none. */
export function childOf(value: unknown, segment: string | number): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) {
    return undefined;
  }
  // Checked above: an object that has this key of its own.
  return (value as Record<string | number, unknown>)[segment];
}

export function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce(childOf, value);
}
