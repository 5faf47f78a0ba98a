import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { query } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import { answersTo, cursorSequences } from "./cursor-sequences.ts";

test("90 random sequences of FETCH and MOVE are answered as PostgreSQL answers them", async () => {
  // Written by record-cursors.ts: the answers to each sequence.
  const recorded = JSON.parse(
    readFileSync(new URL("./cursor-recorded.json", import.meta.url), "utf8"),
  ) as readonly (readonly string[])[];
  const sequences = cursorSequences();
  await using gateway = await startGateway({ tables: { t: "n\n1\n2\n3\n4\n5\n6\n7\n8\n9\n" } });
  await using client = await gateway.connect();

  expect(sequences.length).toBe(recorded.length);
  for (const [index, sequence] of sequences.entries()) {
    const answers = await answersTo(sequence, "t", async (sql) => {
      client.send(query(sql));
      return await client.untilReady();
    });

    expect(answers, `${index}: ${JSON.stringify(sequence)}`).toEqual(recorded[index]);
  }
}, 60_000);
