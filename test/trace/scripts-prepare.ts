import { bind, close, describe, execute, parse, query, sync } from "../support/frontend.ts";
import { ready, type Script, script } from "./script.ts";
import { queries } from "./scripts-simple.ts";

const SEQUENCES: readonly (readonly string[])[] = [
  ["PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "EXECUTE p"],
  ["PREPARE p AS SELECT 1", "PREPARE p AS SELECT 2"],
  ["EXECUTE nope"],
  ["DEALLOCATE nope"],
  ["DEALLOCATE ALL"],
  ["DEALLOCATE PREPARE ALL"],
  ["PREPARE p AS SELECT 1", "DEALLOCATE PREPARE p"],
  ["PREPARE p (int) AS SELECT $1 + 1", "EXECUTE p(4)", "EXECUTE p(1 + 1)"],
  ["PREPARE p (int) AS SELECT $1 + 1", "EXECUTE p", "EXECUTE p(1, 2)", "EXECUTE p('x')"],
  ["PREPARE p (int, text) AS SELECT $1, $2", "EXECUTE p(1, 'two')", "EXECUTE p(NULL, NULL)"],
  ["PREPARE p AS SELECT id FROM items WHERE id = $1", "EXECUTE p(3)"],
  ["PREPARE p (int) AS SELECT id FROM items WHERE id = $1", "EXECUTE p(3)", "EXECUTE p(99)"],
  ["PREPARE p (no_such_type) AS SELECT $1"],
  ["PREPARE p AS SELECT x FROM items", "EXECUTE p"],
  ["PREPARE p AS SELEC"],
  ["PREPARE p AS SELECT * FROM items ORDER BY id", "EXECUTE p"],
  ["PREPARE p AS VALUES (1), (2)", "EXECUTE p"],
  ["PREPARE p AS SELECT", "EXECUTE p"],
  ['PREPARE "P" AS SELECT 1', "EXECUTE p", 'EXECUTE "P"'],
  ["PREPARE p AS SELECT 1/0", "EXECUTE p", "EXECUTE p"],
  ["BEGIN", "PREPARE p AS SELECT 1", "ROLLBACK", "EXECUTE p"],
  ["PREPARE p AS SELECT 1", "DISCARD PLANS", "EXECUTE p", "DISCARD ALL", "EXECUTE p"],
  ["PREPARE p AS SELECT 1; PREPARE q AS SELECT 2", "DEALLOCATE ALL", "EXECUTE q"],
  ["EXPLAIN EXECUTE nope"],
  ["EXECUTE p(1"],
];

export const PREPARE: readonly Script[] = [
  ...SEQUENCES.map((texts) => queries(`prepare: ${texts.join(" / ")}`, ...texts)),
  script(
    "Parse finds the name taken by PREPARE",
    ready(query("PREPARE p AS SELECT 1")),
    ready(parse("SELECT 2", { name: "p" }), sync()),
  ),
  script(
    "PREPARE finds the name taken by Parse",
    ready(parse("SELECT 1", { name: "p" }), sync()),
    ready(query("PREPARE p AS SELECT 2")),
  ),
  script(
    "EXECUTE of a statement of Parse",
    ready(parse("SELECT $1::int", { name: "p" }), sync()),
    ready(query("EXECUTE p(8)")),
  ),
  script(
    "Bind of a statement of PREPARE",
    ready(query("PREPARE p (int) AS SELECT id, name FROM items WHERE id = $1")),
    ready(
      describe("S", "p"),
      bind({ statement: "p", values: ["2"], resultFormats: [1] }),
      describe("P"),
      execute(),
      sync(),
    ),
  ),
  script(
    "DEALLOCATE of a statement of Parse",
    ready(parse("SELECT 1", { name: "p" }), sync()),
    ready(query("DEALLOCATE p")),
    ready(bind({ statement: "p" }), sync()),
  ),
  script(
    "Close of a statement of PREPARE",
    ready(query("PREPARE p AS SELECT 1")),
    ready(close("S", "p"), sync()),
    ready(query("EXECUTE p")),
  ),
  script(
    "DEALLOCATE ALL and the unnamed statement",
    ready(parse("SELECT 1"), sync()),
    ready(query("DEALLOCATE ALL")),
    ready(bind(), execute(), sync()),
  ),
  script(
    "DISCARD ALL and the unnamed statement, in the extended protocol",
    ready(parse("SELECT 1", { name: "s" }), sync()),
    ready(parse("DISCARD ALL"), bind(), execute(), sync()),
    ready(bind({ statement: "s" }), sync()),
    ready(bind(), sync()),
  ),
  script(
    "EXECUTE in the extended protocol",
    ready(query("PREPARE p (int) AS SELECT $1 AS a, 'x' AS b")),
    ready(
      parse("EXECUTE p(5)"),
      describe("S"),
      bind({ resultFormats: [1, 0] }),
      describe("P"),
      execute(),
      sync(),
    ),
  ),
  script(
    "EXECUTE in parts",
    ready(query("PREPARE p AS SELECT n FROM numbers ORDER BY n")),
    ready(parse("EXECUTE p"), bind(), execute("", 4), execute("", 4), execute("", 4), sync()),
  ),
  script(
    "EXECUTE of what has gone since Parse",
    ready(query("PREPARE p AS SELECT 1")),
    ready(parse("EXECUTE p", { name: "e" }), sync()),
    ready(query("DEALLOCATE p")),
    ready(bind({ statement: "e" }), execute(), sync()),
  ),
  script(
    "PREPARE in the extended protocol",
    ready(parse("PREPARE p AS SELECT 3"), describe("S"), bind(), execute(), sync()),
    ready(bind({ statement: "p" }), execute(), sync()),
  ),
];
