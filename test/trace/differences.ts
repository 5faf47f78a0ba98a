/** A line of PostgreSQL's trace, and the lines that stand in its place in ours. */
export type PermittedDifference = readonly [postgres: string, ...ours: readonly string[]];

/** Where answers of ours are not PostgreSQL's: by reason, then by script, in the order of the lines. */
export const DIFFERENCES: readonly {
  readonly reason: string;
  readonly scripts: Readonly<Record<string, readonly PermittedDifference[]>>;
}[] = [
  {
    reason: "The modifier is that of the engine's type: in PostgreSQL only a column has one.",
    scripts: {
      'Query "SELECT sum(price), max(added), bool_and(sold) FROM items"': [
        [
          "RowDescription [sum type 1700 size -1 modifier -1 format 0, max type 1114 size 8 modifier -1 format 0, bool_and type 16 size 1 modifier -1 format 0]",
          "RowDescription [sum type 1700 size -1 modifier 2490374 format 0, max type 1114 size 8 modifier -1 format 0, bool_and type 16 size 1 modifier -1 format 0]",
        ],
      ],
    },
  },
  {
    reason:
      "Rows leave in pages with their description in front: an error before the first page comes alone.",
    scripts: {
      'Query "SELECT 10 / (id - 3) FROM items"': [
        ["RowDescription [?column? type 23 size 4 modifier -1 format 0]"],
        ['DataRow ["-5"]'],
        ['DataRow ["-10"]'],
      ],
      'Query "SELECT (SELECT id FROM items)"': [
        ["RowDescription [id type 23 size 4 modifier -1 format 0]"],
      ],
      "parameters: SELECT set_config('no_such_parameter', 'c', false)": [
        ["RowDescription [set_config type 25 size -1 modifier -1 format 0]"],
      ],
      "parameters: SELECT current_setting('no_such_parameter')": [
        ["RowDescription [current_setting type 25 size -1 modifier -1 format 0]"],
      ],
    },
  },
  {
    reason: "The engine names the column without its table.",
    scripts: {
      'Query "SELECT id FROM items GROUP BY name"': [
        [
          'ErrorResponse ERROR 42803 at 8: column "items.id" must appear in the GROUP BY clause or be used in an aggregate function',
          'ErrorResponse ERROR 42803 at 8: column "id" must appear in the GROUP BY clause or be used in an aggregate function',
        ],
      ],
    },
  },
  {
    reason:
      "Nothing is written, so that there is nothing to prepare: the command is refused by name.",
    scripts: {
      "PREPARE TRANSACTION 'x'": [
        [
          "NoticeResponse WARNING 25P01: there is no transaction in progress",
          "ErrorResponse ERROR 0A000: a prepared transaction is not supported",
        ],
        ["CommandComplete ROLLBACK"],
      ],
    },
  },
  {
    reason: "A type that does not exist is refused when a value comes, in words of our own.",
    scripts: {
      'parameters: SELECT id FROM items WHERE id = $1 [999999] ("2")': [
        [
          "ErrorResponse ERROR XX000: cache lookup failed for type 999999",
          "ParseComplete",
          "ParameterDescription [999999]",
          "RowDescription [id type 23 size 4 modifier -1 format 0]",
          "BindComplete",
          "RowDescription [id type 23 size 4 modifier -1 format 0]",
          "ErrorResponse ERROR 0A000: parameter $1 has the type with OID 999999, which is not supported | hint: Send it as text and cast it in the statement.",
        ],
      ],
    },
  },
  {
    reason: "Constant expressions are evaluated by Execute and not by Bind.",
    scripts: {
      "pipeline: SELECT 1/0 / SELECT 1": [
        [
          "ErrorResponse ERROR 22012: division by zero",
          "BindComplete",
          "ErrorResponse ERROR 22012: division by zero",
        ],
      ],
      "Execute of a portal that has failed": [
        ["ErrorResponse ERROR 22012: division by zero", "BindComplete", "ReadyForQuery T"],
        ["ReadyForQuery E"],
      ],
    },
  },
  {
    reason: "An error in the arguments has no position.",
    scripts: {
      "prepare: PREPARE p (int) AS SELECT $1 + 1 / EXECUTE p / EXECUTE p(1, 2) / EXECUTE p('x')": [
        [
          'ErrorResponse ERROR 22P02 at 11: invalid input syntax for type integer: "x"',
          'ErrorResponse ERROR 22P02: invalid input syntax for type integer: "x"',
        ],
      ],
      "prepare: PREPARE p (no_such_type) AS SELECT $1": [
        [
          'ErrorResponse ERROR 42704 at 12: type "no_such_type" does not exist',
          'ErrorResponse ERROR 42704: type "no_such_type" does not exist',
        ],
      ],
    },
  },
  {
    reason: "EXPLAIN explains queries only.",
    scripts: {
      "prepare: EXPLAIN EXECUTE nope": [
        [
          'ErrorResponse ERROR 26000: prepared statement "nope" does not exist',
          "ErrorResponse ERROR 0A000: EXPLAIN of other statements than queries is not supported",
        ],
      ],
    },
  },
  {
    reason: "EXECUTE finds its statement when it is parsed itself.",
    scripts: {
      "EXECUTE of what has gone since Parse": [
        [
          'ErrorResponse ERROR 26000: prepared statement "p" does not exist',
          'DataRow ["1"]',
          "CommandComplete SELECT 1",
        ],
      ],
    },
  },
  {
    reason: "The header of the binary format is a message of its own.",
    scripts: {
      "copy: COPY (SELECT id, name FROM items ORDER BY id) TO STDOUT (FORMAT binary)": [
        [
          "CopyData 0x5047434f50590aff0d0a0000000000000000000002000000040000000100000004626f6c74",
          "CopyData 0x5047434f50590aff0d0a000000000000000000",
          "CopyData 0x0002000000040000000100000004626f6c74",
        ],
      ],
      "copy: COPY nothing TO STDOUT (FORMAT binary)": [
        [
          "CopyData 0x5047434f50590aff0d0a000000000000000000ffff",
          "CopyData 0x5047434f50590aff0d0a000000000000000000",
          "CopyData 0xffff",
        ],
      ],
      "copy in the extended protocol: COPY nothing TO STDOUT (FORMAT binary)": [
        [
          "CopyData 0x5047434f50590aff0d0a000000000000000000ffff",
          "CopyData 0x5047434f50590aff0d0a000000000000000000",
          "CopyData 0xffff",
        ],
      ],
    },
  },
  {
    reason: "An error inside COPY is that of its query, and its options have no position.",
    scripts: {
      "copy: COPY items (no_such_column) TO STDOUT": [
        [
          'ErrorResponse ERROR 42703: column "no_such_column" of relation "items" does not exist',
          'ErrorResponse ERROR 42703: column "no_such_column" does not exist | hint: Perhaps you meant to reference the column "name".',
        ],
      ],
      "copy: COPY (SELECT x) TO STDOUT": [
        [
          'ErrorResponse ERROR 42703 at 14: column "x" does not exist',
          'ErrorResponse ERROR 42703 at 8: column "x" does not exist',
        ],
      ],
      "copy: COPY items TO STDOUT (FORMAT nonsense)": [
        [
          'ErrorResponse ERROR 22023 at 23: COPY format "nonsense" not recognized',
          'ErrorResponse ERROR 22023: COPY format "nonsense" not recognized',
        ],
      ],
    },
  },
  {
    reason: "A client that speaks another protocol is told so before its connection is closed.",
    scripts: {
      "a length of 3": [
        [
          "closed",
          'ErrorResponse FATAL 08P01: invalid length 3 of message type "Q" | hint: The bytes received are not the PostgreSQL protocol; check what is connecting to this port.',
          "closed",
        ],
      ],
      "a length of 0": [
        [
          "closed",
          'ErrorResponse FATAL 08P01: invalid length 0 of message type "S" | hint: The bytes received are not the PostgreSQL protocol; check what is connecting to this port.',
          "closed",
        ],
      ],
      "a length of -1": [
        [
          "closed",
          'ErrorResponse FATAL 54000: message of type "P" has 4294967295 bytes, more than the 67108864 allowed | hint: Send less at once, or raise limits.message_size.',
          "closed",
        ],
      ],
      "a Sync whose length is 100,000": [
        [
          "closed",
          'ErrorResponse FATAL 54000: message of type "S" has 100000 bytes, more than the 9996 allowed',
          "closed",
        ],
      ],
      "a Describe whose length is that of a large message": [
        [
          "closed",
          'ErrorResponse FATAL 54000: message of type "D" has 200000 bytes, more than the 9996 allowed',
          "closed",
        ],
      ],
    },
  },
  {
    reason: "What was answered already is sent before the connection is closed.",
    scripts: {
      "Terminate behind a pipeline": [
        [
          "closed",
          "ParseComplete",
          "BindComplete",
          'DataRow ["1"]',
          "CommandComplete SELECT 1",
          "closed",
        ],
      ],
    },
  },
  {
    reason: "Functions are not called by OID, so that nothing is known of this one.",
    scripts: {
      FunctionCall: [
        [
          "ErrorResponse ERROR 42P22: could not determine which collation to use for lower() function | hint: Use the COLLATE clause to set the collation explicitly.",
          "ErrorResponse ERROR 0A000: function calls by OID are not supported | hint: Call the function in a SELECT.",
        ],
      ],
      "FunctionCall of an unknown function": [
        [
          "ErrorResponse ERROR 42883: function with OID 999999 does not exist",
          "ErrorResponse ERROR 0A000: function calls by OID are not supported | hint: Call the function in a SELECT.",
        ],
      ],
      "FunctionCall in a transaction block": [
        [
          "ErrorResponse ERROR 42883: function with OID 999999 does not exist",
          "ErrorResponse ERROR 0A000: function calls by OID are not supported | hint: Call the function in a SELECT.",
        ],
      ],
    },
  },
];
