import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));

/** The program and its child processes. */
const ENTRIES = [
  "main.ts",
  "engine-process/main.ts",
  "loader/main.ts",
  "shadow/shadow-child.ts",
  "shadow/prepare-child.ts",
];

test("every source file is part of the program", () => {
  const reached = new Set<string>();
  const waiting = ENTRIES.map((entry) => join(SOURCE, entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
      /(?:from|import\() ?"(\.[^"]+)"/g,
    )) {
      waiting.push(resolve(dirname(file), specifier));
    }
  }

  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );

  expect(files.filter((name) => !reached.has(join(SOURCE, name)))).toEqual([]);
});

test("no source file is longer than one question deserves", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );

  const long = files.filter(
    (name) => readFileSync(join(SOURCE, name), "utf8").split("\n").length > 400,
  );

  expect(long).toEqual([]);
});
