/**
 * The JSON Schemas of both YAML files, for editors, made of the schemas that the program checks with.
 * Writes config/schema/; run it with: npx tsx config/generate-schema.ts
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { WORKSPACE_FILE } from "../src/catalog/schema.ts";
import { SETTINGS_FILE } from "../src/settings/settings.ts";

/** File name -> content. */
export function schemaFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["bucketgres.schema.json", schemaText(SETTINGS_FILE, "bucketgres server settings")],
    ["workspace.schema.json", schemaText(WORKSPACE_FILE, "bucketgres workspace")],
  ]);
}

function schemaText(schema: z.ZodType, title: string): string {
  // Draft 7 is what editors' YAML support knows best.
  const json = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
  const { $schema, ...rest } = json;
  return `${JSON.stringify({ $schema, title, ...withVariables(rest) }, null, 2)}\n`;
}

type Json = Readonly<Record<string, unknown>>;

/** In place of any number, boolean, word or text of a form there may be `${NAME}`. */
function withVariables(node: Json): Json {
  const children = Object.entries(node).map(([key, value]) => [key, withVariablesInside(value)]);
  const copy: Json = Object.fromEntries(children);
  const isScalar = ["integer", "number", "boolean"].includes(String(copy["type"]));
  if (!isScalar && copy["enum"] === undefined && copy["pattern"] === undefined) return copy;
  const { description, ...form } = copy;
  const anyOf = [form, { type: "string", pattern: "\\$\\{" }];
  return description === undefined ? { anyOf } : { description, anyOf };
}

function withVariablesInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withVariablesInside);
  // An object of JSON, and none of its lists.
  return typeof value === "object" && value !== null ? withVariables(value as Json) : value;
}

const here = fileURLToPath(import.meta.url);
if (process.argv[1] === here) {
  const folder = fileURLToPath(new URL("schema/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of schemaFiles()) writeFileSync(`${folder}${name}`, text);
}
