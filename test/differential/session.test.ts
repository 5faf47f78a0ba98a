import { readFileSync, writeFileSync } from "node:fs";
import { Client, DatabaseError } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startPostgres } from "../support/postgres.ts";

/**
 * The statements of session-statements.sql, one after the other in one session. What PostgreSQL 15
 * has answered is in session-recorded.tsv, and what we answer where that differs, with the reason.
 * UPDATE_SESSION=1 asks PostgreSQL again.
 */
const statements = linesOf("session-statements.sql");
const RECORDED = new URL("session-recorded.tsv", import.meta.url);

interface Recorded {
  readonly postgres: string;
  /** Undefined where it is the same. */
  readonly ours: string | undefined;
  readonly reason: string;
}

let recorded: readonly Recorded[];
let gateway: TestGateway;
let answers: readonly string[];
beforeAll(async () => {
  gateway = await startGateway();
  answers = await answersOf(gateway.url);
  if (process.env["UPDATE_SESSION"] !== undefined) await record();
  recorded = linesOf("session-recorded.tsv").map((line) => {
    const [, postgres = "", ours = "", reason = ""] = line.split("\t");
    return { postgres, ours: ours === "" ? undefined : ours, reason };
  });
}, 60_000);
afterAll(() => gateway[Symbol.asyncDispose]());

test.each(statements.map((sql, index) => ({ sql, index })))("$index $sql", ({ sql, index }) => {
  const expected = recorded[index]?.ours ?? recorded[index]?.postgres;
  expect({ sql, answer: answers[index] }).toEqual({ sql, answer: expected });
});

test("nothing differs without a reason", () => {
  expect(recorded.filter(({ ours, reason }) => ours !== undefined && reason === "")).toEqual([]);
});

/** The answer to each statement in one line: notices, then rows or what failed. */
async function answersOf(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  let notices: string[] = [];
  client.on("notice", ({ code, message }) => notices.push(`${code} ${message}`));
  client.on("notification", ({ channel, payload }) => notices.push(`${channel}: ${payload}`));
  const answers: string[] = [];
  for (const sql of statements) {
    notices = [];
    const answer = await client.query({ text: sql, rowMode: "array" }).then(
      ({ command, rows }) => `${command} ${JSON.stringify(rows)}`,
      (error: unknown) => {
        if (!(error instanceof DatabaseError)) throw error;
        const { code, message, detail, hint } = error;
        return [code, message, detail, hint].filter((part) => part !== undefined).join(" / ");
      },
    );
    answers.push([...notices, answer].join(" | "));
  }
  await client.end();
  return answers;
}

/** As ana in the database test, which are what they are called in the gateway. */
async function record(): Promise<void> {
  await using postgres = await startPostgres({
    TimeZone: "UTC",
    timezone_abbreviations: "Default",
  });
  const owner = new Client({ connectionString: postgres.url });
  await owner.connect();
  await owner.query("CREATE ROLE ana LOGIN");
  await owner.query("CREATE DATABASE test");
  await owner.end();
  const theirs = await answersOf(
    postgres.url.replace("postgres@", "ana@").replace(/postgres$/, "test"),
  );
  const before = new Map(
    linesOf("session-recorded.tsv").map((line) => {
      const [sql = "", , ours = "", reason = ""] = line.split("\t");
      return [`${sql}\t${ours}`, reason];
    }),
  );
  const lines = statements.map((sql, index) => {
    const ours = answers[index] === theirs[index] ? "" : answers[index];
    return [sql, theirs[index], ours, before.get(`${sql}\t${ours}`) ?? ""].join("\t").trimEnd();
  });
  writeFileSync(RECORDED, `${lines.join("\n")}\n`);
}

function linesOf(file: string): readonly string[] {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean);
}
