import { PgError } from "../core/pg-error.ts";
import type { Statement } from "../sql/statement.ts";
import type { Binding } from "./plan.ts";

/** A statement's parameters as the engine numbers them: only those that occur. */
export function usedParameters(
  { usedParameters: numbers }: Statement,
  parameterOids: readonly number[],
  { parameters, parameterFormats }: Binding,
): Pick<Binding, "parameters" | "parameterFormats"> & {
  readonly parameterOids: readonly number[];
} {
  if (numbers === undefined) return { parameterOids, parameters, parameterFormats };
  const pick = <T>(values: readonly T[]): readonly T[] =>
    numbers.flatMap((number) => values.slice(number - 1, number));
  return {
    parameterOids: pick(parameterOids),
    parameters: pick(parameters),
    // One format counts for all, and none is text.
    parameterFormats: parameterFormats.length > 1 ? pick(parameterFormats) : parameterFormats,
  };
}

/** Types as the engine numbers them, by the client's numbers; 0 is for those that nobody knows. */
export function byClientNumber(
  { usedParameters: numbers, parameterCount }: Statement,
  typeOids: readonly (number | undefined)[],
): readonly number[] {
  return Array.from({ length: parameterCount }, (_, index) => {
    const place = numbers === undefined ? index : numbers.indexOf(index + 1);
    return typeOids[place] ?? 0;
  });
}

/** A parameter that occurs nowhere has the type that the client declares, or none. */
export function requireTypesOfUnused(
  { usedParameters: numbers }: Statement,
  declared: readonly number[],
): void {
  if (numbers === undefined) return;
  const missing = declared.findIndex((oid, index) => oid === 0 && !numbers.includes(index + 1));
  if (missing < 0) return;
  throw new PgError(
    "indeterminate_datatype",
    `could not determine data type of parameter $${missing + 1}`,
  );
}
