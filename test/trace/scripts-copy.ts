import { bind, describe, execute, message, parse, query, sync } from "../support/frontend.ts";
import { ready, readyTimes, type Script, script } from "./script.ts";
import { run } from "./scripts-pipeline.ts";
import { queries } from "./scripts-simple.ts";

const COPIES: readonly string[] = [
  "COPY items TO STDOUT",
  "COPY items (id, name) TO STDOUT",
  "COPY items TO STDOUT (FORMAT csv, HEADER)",
  "COPY items TO STDOUT CSV HEADER",
  "COPY (SELECT id, name FROM items ORDER BY id) TO STDOUT (FORMAT binary)",
  "COPY nothing TO STDOUT",
  "COPY nothing TO STDOUT (FORMAT csv, HEADER)",
  "COPY nothing TO STDOUT (FORMAT binary)",
  "COPY (SELECT 1, 'a') TO STDOUT",
  "COPY (VALUES (1, NULL), (2, 'x')) TO STDOUT (NULL 'nil')",
  "COPY no_such_table TO STDOUT",
  "COPY items (no_such_column) TO STDOUT",
  "COPY (SELECT x) TO STDOUT",
  "COPY (SELEC) TO STDOUT",
  "COPY items TO STDOUT (FORMAT nonsense)",
  "COPY (SELECT 1/0) TO STDOUT",
  "SELECT 1; COPY nothing TO STDOUT; SELECT 2",
  "COPY nothing TO STDOUT; SELECT 1/0; SELECT 2",
];

export const COPY: readonly Script[] = [
  ...COPIES.map((text) => queries(`copy: ${text}`, text)),
  ...[
    "COPY (SELECT id FROM items ORDER BY id) TO STDOUT",
    "COPY nothing TO STDOUT (FORMAT binary)",
    "COPY no_such_table TO STDOUT",
  ].map((sql) =>
    script(
      `copy in the extended protocol: ${sql}`,
      ready(parse(sql), describe("S"), bind(), describe("P"), execute(), sync()),
      ready(query("SELECT 1")),
    ),
  ),
  script(
    "copy with a limit of rows",
    ready(
      parse("COPY (SELECT id FROM items ORDER BY id) TO STDOUT"),
      bind(),
      execute("", 1),
      sync(),
    ),
  ),
  script(
    "copy executed twice",
    ready(
      parse("COPY (SELECT id FROM items ORDER BY id) TO STDOUT"),
      bind(),
      execute(),
      execute(),
      sync(),
    ),
  ),
  script(
    "copy inside a pipeline",
    ready(
      run("SELECT 1"),
      run("COPY (SELECT id FROM items ORDER BY id) TO STDOUT"),
      run("SELECT 2"),
      sync(),
    ),
  ),
  script(
    "copy in a transaction block, then an error",
    ready(query("BEGIN")),
    ready(query("COPY nothing TO STDOUT")),
    ready(query("COPY no_such_table TO STDOUT")),
    ready(query("COPY nothing TO STDOUT")),
    ready(query("ROLLBACK")),
  ),
  script(
    "copies and queries in one packet",
    readyTimes(
      3,
      query("COPY nothing TO STDOUT"),
      query("SELECT 1"),
      query("COPY (SELECT 2) TO STDOUT"),
    ),
  ),
  script(
    "CopyData during COPY TO is dropped",
    readyTimes(
      2,
      query("COPY (SELECT 2) TO STDOUT"),
      message("d", Buffer.from("x")),
      message("c"),
      query("SELECT 1"),
    ),
  ),
];
