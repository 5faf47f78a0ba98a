/** Errors of statements that make and change tables: constraints, and columns as they name them. */
import type { Rule } from "./error-rule.ts";

const CONSTRAINT = ["Constraint"];
const BINDER = ["Binder"];

export const WRITE_RULES: readonly Rule[] = [
  {
    types: CONSTRAINT,
    text: /^Duplicate key "(.*)" violates (?:primary key|unique) constraint/s,
    to: (_, [key]) => ({
      condition: "unique_violation",
      message: `duplicate key value violates unique constraint: (${key?.replace(": ", ")=(")}) already exists`,
    }),
  },
  {
    types: CONSTRAINT,
    text: /^PRIMARY KEY or UNIQUE constraint violation: duplicate key "(.*)"/s,
    to: (_, [key]) => ({
      condition: "unique_violation",
      message: `duplicate key value violates unique constraint: (${key}) already exists`,
    }),
  },
  {
    types: CONSTRAINT,
    text: /^NOT NULL constraint failed: (.*)\.([^.]*)$/,
    to: (_, [table, column]) => ({
      condition: "not_null_violation",
      message: `null value in column "${column}" of relation "${table}" violates not-null constraint`,
    }),
  },
  {
    types: CONSTRAINT,
    text: /^CHECK constraint failed on table (.*) with expression/,
    to: (_, [table]) => ({
      condition: "check_violation",
      message: `new row for relation "${table}" violates check constraint`,
    }),
  },
  { types: CONSTRAINT, text: /foreign key/, to: "foreign_key_violation" },
  { types: CONSTRAINT, to: "integrity_constraint_violation" },

  {
    types: BINDER,
    text: /^table .* has (\d+) columns but (\d+) values were supplied/,
    to: (_, [columns, values]) => ({
      condition: "syntax_error",
      message:
        Number(values) > Number(columns)
          ? "INSERT has more expressions than target columns"
          : "INSERT has more target columns than expressions",
    }),
  },
  {
    types: BINDER,
    text: /^Column name count does not match value count|^Column count .* does not match/,
    to: () => ({
      condition: "syntax_error",
      message: "INSERT has another number of expressions than target columns",
    }),
  },
  {
    types: BINDER,
    text: /^Table "(.*)" does not have a column with name "(.*?)"/,
    to: (_, [table, column]) => ({
      condition: "undefined_column",
      message: `column "${column}" of relation "${table}" does not exist`,
    }),
  },
  {
    types: BINDER,
    text: /^Referenced update column (.*) not found in table/,
    to: (_, [column]) => ({
      condition: "undefined_column",
      message: `column "${column}" does not exist`,
    }),
  },
  {
    types: BINDER,
    text: /^Duplicate column name "(.*)" in INSERT/,
    to: (_, [column]) => ({
      condition: "duplicate_column",
      message: `column "${column}" specified more than once`,
    }),
  },
  {
    types: ["Catalog"],
    text: /^Column with name (.*) already exists/,
    to: (_, [column]) => ({
      condition: "duplicate_column",
      message: `column "${column}" specified more than once`,
    }),
  },
  {
    types: ["Catalog"],
    subtype: "MISSING_ENTRY",
    entries: ["Index"],
    to: ({ name }) => ({
      condition: "undefined_object",
      message: `index "${name}" does not exist`,
    }),
  },
  {
    text: /^unexpected prepared parameter/i,
    to: () => ({
      condition: "feature_not_supported",
      message: "parameters in this place of a statement are not supported",
      hint: "In RETURNING, name columns alone; elsewhere, write the value itself.",
    }),
  },
  {
    types: BINDER,
    text: /^DEFAULT value cannot contain column names/,
    to: () => ({
      condition: "feature_not_supported",
      message: "cannot use column reference in DEFAULT expression",
    }),
  },
];
