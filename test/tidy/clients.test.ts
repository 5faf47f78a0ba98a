import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { THINGS } from "../clients/things.ts";

/** What the scripts of other languages report by: each has the names written out. */
const REPORTS = [
  "report.go",
  "report.rs",
  "pgjdbc/Report.java",
  "php-pdo/report.php",
  "ruby-pg/report.rb",
];

test.each(REPORTS)("%s has the names of the 25 things, in their order", (file) => {
  const text = readFileSync(new URL(`../clients/${file}`, import.meta.url), "utf8");
  const literals = [...text.matchAll(/^\s*(["'])(.*)\1,?$/gm)].map(([, , literal]) => literal);

  expect(literals.slice(-THINGS.length)).toEqual(THINGS);
});
