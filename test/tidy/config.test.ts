import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { schemaFiles } from "../../config/generate-schema.ts";
import { loadConfiguration } from "../../src/catalog/configuration.ts";
import { formatProblem } from "../../src/settings/problem.ts";
import { SETTINGS, type Setting, settingKeys } from "../../src/settings/settings.ts";

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}

function read(name: string): string {
  return readFileSync(pathOf(name), "utf8");
}

test("the JSON Schemas are those of the program: npx tsx config/generate-schema.ts", () => {
  const written = new Map<string, string>();
  for (const name of schemaFiles().keys()) written.set(name, read(`config/schema/${name}`));
  expect(written).toEqual(schemaFiles());
});

describe("every key of the JSON Schemas is described", () => {
  test.each([...schemaFiles()])("%s", (_name, text) => {
    const bare: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== "object" || node === null) return;
      for (const [key, child] of Object.entries(node)) {
        if (key === "properties" && typeof child === "object" && child !== null) {
          for (const [name, property] of Object.entries(child)) {
            if (!/"description":"\S/.test(JSON.stringify(property))) bare.push(`${path}.${name}`);
          }
        }
        walk(child, `${path}.${key}`);
      }
    };
    walk(JSON.parse(text), "");
    expect(bare).toEqual([]);
  });
});

test("the example configuration is valid with an empty environment", () => {
  const loaded = loadConfiguration({ config: pathOf("config/bucketgres.yaml"), environment: {} });
  const problems = loaded.outcome === "problems" ? loaded.problems : [];
  expect(problems.map((problem) => formatProblem(problem))).toEqual([]);
  expect(loaded).toMatchObject({ settings: { listen: { port: 5433 } }, notYet: [] });
});

describe("config/bucketgres.yaml", () => {
  test("shows every setting, with its default where there is one", () => {
    const lines = read("config/bucketgres.yaml").split("\n");
    let group = "";
    const shown = new Map<string, string>();
    for (const line of lines) {
      const top = /^(?:# )?([a-z_]+):(?: +([^#]*))?/.exec(line);
      const inner = /^(?:#|) {2,3}([a-z_]+): *([^#]*)/.exec(line);
      if (top?.[1] !== undefined) group = top[1];
      const key = inner?.[1] === undefined ? group : `${group}.${inner[1]}`;
      if (top !== null || inner !== null) shown.set(key, (inner?.[2] ?? top?.[2] ?? "").trim());
    }
    for (const key of settingKeys()) {
      const row: Setting<unknown> = SETTINGS[key];
      expect([...shown.keys()]).toContain(key);
      if (row.default === undefined || typeof row.default === "object") continue;
      expect([key, shown.get(key)]).toEqual([key, `${row.default}`]);
    }
  });

  test("says of each setting that needs a restart that it does, and of no other", () => {
    const said = read("config/bucketgres.yaml")
      .split("\n")
      .filter((line) => /^(# )? {2,}[a-z_]+:.*\(restart\)/.test(line))
      .map((line) => /([a-z_]+):/.exec(line)?.[1] ?? "");
    const lastPart = (key: string): string => key.split(".").at(-1) ?? "";
    const byText = (a: string, b: string): number => a.localeCompare(b);
    const needed = settingKeys().filter((key) => !SETTINGS[key].reloadable);
    expect(said.toSorted(byText)).toEqual(needed.map(lastPart).toSorted(byText));
  });
});

test("both example files tell editors where their schema is", () => {
  const first = (name: string): string => read(name).split("\n")[0] ?? "";
  expect(first("config/bucketgres.yaml")).toBe(
    "# yaml-language-server: $schema=schema/bucketgres.schema.json",
  );
  expect(first("config/catalog/demo.yaml")).toBe(
    "# yaml-language-server: $schema=../schema/workspace.schema.json",
  );
});
