import { formatOf } from "../engine/engine.ts";
import { pgTypeByOid } from "../pgtypes/pg-types.ts";
import { arrayFromLatin1, type CellText, utf8FromLatin1 } from "../protocol/client-encoding.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";

/** Types whose binary format is their text, behind jsonb's one byte of ASCII. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  "text",
  "varchar",
  "bpchar",
  "name",
  "json",
  "jsonb",
  "unknown",
]);

/** Which columns of rows are in the client's encoding; undefined where all of them are. */
export function textColumns(
  fields: readonly FieldDescription[],
  formats: readonly FormatCode[],
): readonly CellText[] | undefined {
  if (!formats.includes(1)) return undefined;
  return fields.map(({ typeOid }, column) => cellText(typeOid, formatOf(formats, column)));
}

export interface BoundValues {
  readonly parameters: readonly (Buffer | undefined)[];
  readonly parameterFormats: readonly number[];
}

/** Bind's values as they are for a client whose text is UTF-8. */
export function parametersFromLatin1(
  { parameters, parameterFormats }: BoundValues,
  parameterOids: readonly number[],
): readonly (Buffer | undefined)[] {
  return parameters.map((value, index) => {
    if (value === undefined) return undefined;
    switch (cellText(parameterOids[index] ?? 0, formatOf(parameterFormats, index))) {
      case "text":
        return utf8FromLatin1(value);
      case "text array":
        return arrayFromLatin1(value);
      case "bytes":
        return value;
    }
  });
}

function cellText(typeOid: number, format: number): CellText {
  if (format === 0) return "text";
  const type = pgTypeByOid(typeOid);
  if (type === undefined || !TEXT_TYPES.has(type.name)) return "bytes";
  return type.isArray ? "text array" : "text";
}
