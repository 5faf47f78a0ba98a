import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfiguration } from "../../../src/catalog/configuration.ts";
import { ConfigurationWatch } from "../../../src/catalog/watch.ts";
import { TemporaryFolder } from "../settings/marked-text.ts";

const SERVER = `
stores: { s: { type: directory, path: data } }
users: { ana: { password: x }, bob: { password: x } }
`;

type Heard =
  | { readonly heard: "change"; readonly workspaces: readonly string[] }
  | { readonly heard: "problems"; readonly messages: readonly string[] }
  | { readonly heard: "error"; readonly error: unknown };

/** A watched configuration; `next()` waits for what the watch says next. */
async function watched(folder: TemporaryFolder, config = "server.yaml") {
  const source = { config: join(folder.path, config), environment: {} };
  const counted = { loads: 0 };
  const load = () => {
    counted.loads++;
    return loadConfiguration(source);
  };
  const current = loadConfiguration(source);
  if (current.outcome === "problems") throw new Error(JSON.stringify(current.problems));

  const heard: Heard[] = [];
  const waiting: ((event: Heard) => void)[] = [];
  const hear = (event: Heard): void => {
    const waiter = waiting.shift();
    if (waiter === undefined) heard.push(event);
    else waiter(event);
  };
  const watch = await ConfigurationWatch.start({
    current,
    load,
    onChange: ({ catalog }) =>
      hear({ heard: "change", workspaces: [...catalog.workspaces.keys()] }),
    onProblems: (problems) =>
      hear({ heard: "problems", messages: problems.map(({ message }) => message) }),
    onError: (error) => hear({ heard: "error", error }),
  });
  const next = (): Promise<Heard> => {
    const event = heard.shift();
    return event ? Promise.resolve(event) : new Promise((resolve) => waiting.push(resolve));
  };
  return { watch, next, heard, counted, [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose]() };
}

test("a workspace file that is created, changed, renamed into place or deleted is taken over", async () => {
  using folder = new TemporaryFolder({ "server.yaml": SERVER, "catalog/a.yaml": "workspace: a" });
  await using watching = await watched(folder);

  folder.write("catalog/b.yaml", "workspace: b");
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["a", "b"] });

  folder.write("catalog/b.yaml", "workspace: c");
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["a", "c"] });

  // As editors and deployments do it: the file's place is taken by another file.
  const temporary = folder.write("catalog/.b.yaml.swp", "workspace: d");
  renameSync(temporary, join(folder.path, "catalog/b.yaml"));
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["a", "d"] });

  // And once more, for the first one might have been the last that is seen.
  folder.write("catalog/tmp", "workspace: e");
  renameSync(join(folder.path, "catalog/tmp"), join(folder.path, "catalog/b.yaml"));
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["a", "e"] });

  rmSync(join(folder.path, "catalog/b.yaml"));
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["a"] });
  expect([...watching.watch.current.catalog.workspaces.keys()]).toEqual(["a"]);
});

test("a broken file changes nothing but what is said to be wrong, until it is right again", async () => {
  using folder = new TemporaryFolder({ "server.yaml": SERVER, "catalog/a.yaml": "workspace: a" });
  await using watching = await watched(folder);
  const before = watching.watch.current;

  folder.write("catalog/a.yaml", "wrokspace: b");
  expect(await watching.next()).toEqual({
    heard: "problems",
    messages: ['unknown key "wrokspace"; did you mean "workspace"?'],
  });
  expect(watching.watch.current).toBe(before);
  expect(watching.watch.problems).toHaveLength(1);

  folder.write("catalog/a.yaml", "workspace: a");
  expect(await watching.next()).toEqual({ heard: "problems", messages: [] });
  expect(watching.watch.current).toBe(before);
});

test("the server's own file is watched too, with a catalog folder that it names anew", async () => {
  using folder = new TemporaryFolder({
    "server.yaml": SERVER,
    "catalog/a.yaml": "workspace: a",
    "other/b.yaml": "workspace: b",
  });
  await using watching = await watched(folder);

  const replacement = folder.write("server.yaml~", `catalog: other\n${SERVER}`);
  renameSync(replacement, join(folder.path, "server.yaml"));
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["b"] });

  folder.write("other/b.yaml", "workspace: c");
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["c"] });
});

test("a catalog folder that was deleted and made again is watched again", async () => {
  using folder = new TemporaryFolder({ "server.yaml": SERVER, "catalog/a.yaml": "workspace: a" });
  await using watching = await watched(folder);
  const catalog = join(folder.path, "catalog");

  rmSync(catalog, { recursive: true });
  // Between the file and the folder there may be a look at an empty catalog.
  let seen = await watching.next();
  while (seen.heard === "change") seen = await watching.next();
  expect(seen.heard).toBe("problems");

  folder.write("catalog/b.yaml", "workspace: b");
  while (watching.watch.current.catalog.workspaces.size !== 1 || seen.heard !== "change") {
    seen = await watching.next();
  }
  expect(seen).toEqual({ heard: "change", workspaces: ["b"] });

  folder.write("catalog/b.yaml", "workspace: c");
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["c"] });
});

test("a burst of changes is looked at once it is over", async () => {
  using folder = new TemporaryFolder({ "server.yaml": SERVER, "catalog/a.yaml": "workspace: a" });
  await using watching = await watched(folder);

  for (let number = 0; number < 50; number++) {
    folder.write(`catalog/w${number}.yaml`, `workspace: w${number}`);
  }
  let seen: Heard = await watching.next();
  while (seen.heard === "change" && seen.workspaces.length < 51) seen = await watching.next();
  expect(seen).toMatchObject({ heard: "change" });
  expect(watching.counted.loads).toBeLessThan(10);
});

test("files behind a link that is swapped, as Kubernetes mounts them, are seen", async () => {
  using folder = new TemporaryFolder({
    "catalog/..1/a.yaml": "workspace: a",
    "catalog/..2/a.yaml": "workspace: b",
    "server.yaml": SERVER,
  });
  const catalog = join(folder.path, "catalog");
  symlinkSync("..1", join(catalog, "..data"));
  symlinkSync("..data/a.yaml", join(catalog, "a.yaml"));
  await using watching = await watched(folder);

  symlinkSync("..2", join(catalog, "..data_tmp"));
  renameSync(join(catalog, "..data_tmp"), join(catalog, "..data"));
  expect(await watching.next()).toEqual({ heard: "change", workspaces: ["b"] });
});

test("reload looks at once, and says what came of it", async () => {
  using folder = new TemporaryFolder({ "server.yaml": SERVER, "catalog/a.yaml": "workspace: a" });
  await using watching = await watched(folder);
  expect(await watching.watch.reload()).toEqual({ outcome: "unchanged" });

  writeFileSync(join(folder.path, "catalog/a.yaml"), "workspace: [");
  expect(await watching.watch.reload()).toMatchObject({ outcome: "problems" });

  writeFileSync(join(folder.path, "catalog/a.yaml"), "workspace: b");
  const outcomes = await Promise.all([watching.watch.reload(), watching.watch.reload()]);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["changed", "unchanged"]);
});

test("a configuration that cannot even be looked at fails one reload and not the next", async () => {
  using folder = new TemporaryFolder({ "server.yaml": SERVER, "catalog/a.yaml": "" });
  const current = loadConfiguration({ config: join(folder.path, "server.yaml"), environment: {} });
  if (current.outcome === "problems") throw new Error("the configuration is valid");
  const results = [() => Promise.reject(new Error("out of files")), () => Promise.resolve(current)];
  await using watch = await ConfigurationWatch.start({
    current,
    load: () => (results.shift() ?? (() => Promise.resolve(current)))(),
    onChange: () => undefined,
    onProblems: () => undefined,
    onError: () => undefined,
  });
  await expect(watch.reload()).rejects.toThrow("out of files");
  const { outcome: _, ...rest } = current;
  expect(watch.current).toMatchObject(rest);
});
