import {
  bind,
  cancelRequest,
  close,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  flush,
  gssEncRequest,
  int32,
  message,
  packet,
  parse,
  query,
  sslRequest,
  startup,
  sync,
} from "../support/frontend.ts";
import { USER } from "../support/gateway.ts";
import { SCRIPTS } from "../trace/scripts.ts";

/** What a client sends in one go, message by message. */
export type Conversation = readonly Buffer[];

/** A script larger than this tests a limit, of which a mutant says little more. */
const SCRIPT_BYTES = 20_000;

const COPY_BINARY = Buffer.from(
  "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\x07\xff\xff",
  "latin1",
);

/** Phases that the byte traces do not reach, or reach in one way only. */
const MORE: readonly Conversation[] = [
  [
    query("CREATE TEMP TABLE IF NOT EXISTS filled (a int, b text)"),
    query("COPY filled FROM STDIN"),
    copyData("1\tone\n2\t"),
    copyData("two\n\\N\t\\x41\n"),
    copyDone(),
    query("SELECT count(*) FROM filled"),
    query("DROP TABLE filled"),
  ],
  [
    query("CREATE TEMP TABLE IF NOT EXISTS listed (a int, b text); TRUNCATE listed"),
    query("COPY listed FROM STDIN (FORMAT csv, HEADER, QUOTE '''')"),
    copyData("a,b\n1,'x,y'\n2,\n"),
    copyFail("enough"),
    query("COPY listed (a) FROM STDIN (FORMAT binary)"),
    copyData(COPY_BINARY),
    copyDone(),
  ],
  [
    query("BEGIN; CREATE TEMP TABLE brief (a int) ON COMMIT DROP"),
    parse("INSERT INTO brief SELECT n FROM numbers WHERE n < $1 RETURNING a"),
    bind({ values: ["5"], resultFormats: [1] }),
    describe("P"),
    execute("", 2),
    execute("", 2),
    sync(),
    query("SAVEPOINT s; DELETE FROM brief; ROLLBACK TO s; SELECT sum(a) FROM brief"),
    query("COMMIT"),
  ],
  [
    query("BEGIN"),
    query("DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id, name FROM items ORDER BY id"),
    query("FETCH 2 FROM c; MOVE LAST IN c; FETCH PRIOR FROM c; FETCH ABSOLUTE -2 FROM c"),
    query("COMMIT"),
    query("FETCH ALL FROM c; CLOSE c"),
  ],
  [
    query("SET client_encoding TO LATIN1"),
    message("Q", Buffer.from("SELECT 'gr\xf6\xdfe', name FROM items\0", "latin1")),
    query("SELECT '€' || chr(8364)"),
    query("COPY items TO STDOUT (FORMAT csv)"),
    query("RESET client_encoding"),
  ],
  [
    query("LISTEN news; NOTIFY news, 'something'; SELECT pg_notify('news', 'more')"),
    query("UNLISTEN *; DISCARD ALL"),
  ],
  [
    parse("SELECT n, half FROM numbers WHERE n > $1 ORDER BY n", { name: "s", oids: [20] }),
    bind({
      portal: "p",
      statement: "s",
      values: [Buffer.from([0, 0, 0, 0, 0, 0, 0, 2])],
      parameterFormats: [1],
    }),
    describe("S", "s"),
    execute("p", 3),
    flush(),
    execute("p", 1),
    close("P", "p"),
    close("S", "s"),
    sync(),
  ],
  [
    query("PREPARE q (int, text) AS SELECT $1 + 1, upper($2); EXECUTE q (1, 'a'); DEALLOCATE q"),
    query(
      "SELECT relname FROM pg_class ORDER BY oid LIMIT 3; SHOW server_version; SELECT version()",
    ),
    query("SELECT pid = pg_backend_pid() FROM pg_stat_activity; SELECT pg_cancel_backend(0)"),
    query(
      "SET LOCAL statement_timeout = '1s'; SELECT set_config('application_name', 'fuzz', false)",
    ),
  ],
  [
    parse(
      "SELECT $1::int, $2::numeric, $3::date, $4::timestamptz, $5::bytea, $6::bool, $7::float8",
    ),
    bind({
      values: ["7", "1.50", "2024-02-29", "2024-01-02 03:04:05+01", "\\x00ff", "t", "NaN"],
      resultFormats: [1, 0, 1, 1, 0, 1, 1],
    }),
    describe("P"),
    execute(),
    sync(),
  ],
  [message("F", Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0])), sync(), query("SELECT 1")],
];

/** Conversations behind a login. */
export function conversations(): readonly Conversation[] {
  const scripts = SCRIPTS.map(({ steps }) =>
    messagesOf(Buffer.concat(steps.flatMap(({ writes }) => writes))),
  );
  const small = scripts.filter((messages) => bytesOf(messages) <= SCRIPT_BYTES);
  // As often as they would be drawn had the traces reached them.
  const more = Array.from({ length: Math.ceil(small.length / MORE.length / 2) }, () => MORE);
  return [...small, ...more.flat()];
}

const LOGIN = { user: USER.user, database: USER.database };

/** What clients send before they have logged in. */
export const OPENINGS: readonly Conversation[] = [
  [startup({ ...LOGIN, application_name: "fuzz", client_encoding: "LATIN1" })],
  [startup({ ...LOGIN, options: "-c search_path=public -c statement_timeout=5s" }, 0x0003_0002)],
  [startup({ user: "nobody", database: "test", "_pq_.unheard": "1" }, 0x0003_270f)],
  [startup({ ...LOGIN, replication: "database" })],
  [sslRequest(), startup(LOGIN)],
  [gssEncRequest(), sslRequest(), startup(LOGIN)],
  [cancelRequest(1, Buffer.from([1, 2, 3, 4]))],
  [cancelRequest(7, Buffer.alloc(32, 9))],
  [
    startup(LOGIN),
    saslInitialResponse("n,,n=,r=abcdefghijkl"),
    message("p", Buffer.from("c=biws,r=abc,p=AAAA")),
  ],
  [startup(LOGIN), query("SELECT 1"), sync()],
  [packet(Buffer.concat([int32(0x0002_0000), Buffer.from("old\0\0")]))],
];

export function saslInitialResponse(first: string): Buffer {
  const data = Buffer.from(first);
  return message("p", "SCRAM-SHA-256", int32(data.length), data);
}

export function bytesOf(messages: Conversation): number {
  return messages.reduce((sum, { length }) => sum + length, 0);
}

/** Cut at the messages' ends. What is no whole message stays in one piece. */
export function messagesOf(bytes: Buffer): Conversation {
  const messages: Buffer[] = [];
  let offset = 0;
  while (bytes.length - offset >= 5) {
    const end = offset + 1 + bytes.readUInt32BE(offset + 1);
    if (end > bytes.length || end < offset + 5) break;
    messages.push(bytes.subarray(offset, end));
    offset = end;
  }
  if (offset < bytes.length) messages.push(bytes.subarray(offset));
  return messages;
}
