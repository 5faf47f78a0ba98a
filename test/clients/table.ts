/** The table of clients in docs/clients.md, made from a run. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Client } from "./clients.ts";
import { describe, type Report, THINGS } from "./things.ts";

const PAGE = fileURLToPath(new URL("../../docs/clients.md", import.meta.url));
const BEGIN = "<!-- clients: made by `npx tsx test/clients/run.ts --table` -->";
const END = "<!-- end of clients -->";

export interface Row {
  readonly client: Client;
  readonly result:
    | { readonly outcome: "ran"; readonly report: Report }
    | { readonly outcome: "skipped" | "failed"; readonly reason: string };
}

/** Replaces what stands between the markers; a client that was not run keeps no old row. */
export async function writeTable(rows: readonly Row[]): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has lost its markers`);
  await writeFile(PAGE, `${before}${BEGIN}\n${table(rows, new Date())}\n${END}${after}`);
}

function table(rows: readonly Row[], now: Date): string {
  const date = now.toISOString().slice(0, 10);
  const lines = rows.map(({ client, result }) => {
    if (result.outcome !== "ran") return [client.title, "", date, "not run", result.reason];
    const { client: version, outcomes } = result.report;
    const count = (state: string): number => outcomes.filter((one) => one.state === state).length;
    const applicable = THINGS.length - count("skip");
    const notes = outcomes
      .filter(({ state }) => state !== "ok")
      .map((outcome) => (outcome.state === "skip" ? "no " : "**fails** ") + describe(outcome));
    return [client.title, version, date, `${count("ok")}/${applicable}`, notes.join("; ")];
  });
  return [
    ["client", "version", "date", "things done", "notes"],
    ["---", "---", "---", "---", "---"],
    ...lines,
  ]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}
