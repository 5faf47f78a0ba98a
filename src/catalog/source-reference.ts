/** `s3://bucket/key` and `STORE:KEY` -> the store and the key or pattern in it. */
import type { StoreName } from "../core/brands.ts";
import { FORMATS, type FormatName } from "../formats/format.ts";
import { didYouMean } from "../settings/did-you-mean.ts";
import type { StoreSettings } from "../settings/settings.ts";
import type { SourceReference } from "./catalog.ts";

/** The stores of the server's YAML. */
export interface KnownStores {
  readonly stores: ReadonlyMap<StoreName, StoreSettings>;
  /** Those with a mistake of their own too. */
  readonly declaredStores: ReadonlySet<string>;
}

export type SourceReading =
  | { readonly outcome: "source"; readonly source: SourceReference }
  | { readonly outcome: "wrong"; readonly message: string; readonly hint: string | undefined }
  /** It names a store that has a problem already. */
  | { readonly outcome: "undecided" };

const FORM_HINT = "Write s3://bucket/key or STORE:KEY, such as samples:orders.csv.";
const VERSION = /\?versionId=([^?&]+)$/;
/** A backslash takes the character behind it as it is, which only a pattern does. */
const WILDCARD = /[*?\\]|\[[^\]]+\]|\{[^}]*,[^}]*\}/;

export function parseSource(text: string, known: KnownStores): SourceReading {
  const located = locate(text, known);
  if (located.outcome !== "located") return located;
  const { store, rest } = located;
  const versionId = VERSION.exec(rest)?.[1];
  const pattern = rest.replace(VERSION, "");
  const isGlob = WILDCARD.test(pattern);
  const isDirectory = known.stores.get(store)?.type === "directory";
  if (pattern === "") return wrong(`the source "${text}" names no file`, FORM_HINT);
  if (pattern.endsWith("/")) {
    return wrong(
      `the source "${text}" names a folder`,
      `For all CSV files in it, write ${text}*.csv.`,
    );
  }
  if (isDirectory && (pattern.startsWith("/") || pattern.split("/").includes(".."))) {
    return wrong(
      `the source "${text}" leads out of its store`,
      `Keys are relative to the folder of store "${store}".`,
    );
  }
  if (versionId !== undefined && isDirectory) {
    return wrong(`the source "${text}" names a version, but a folder keeps none`, undefined);
  }
  if (versionId !== undefined && isGlob) {
    return wrong(`the source "${text}" names a version of more than one object`, undefined);
  }
  return { outcome: "source", source: { text, store, pattern, isGlob, versionId } };
}

/** The format that a key's extension tells; undefined where it tells none. */
export function formatOfKey(key: string): FormatName | undefined {
  const folded = key.toLowerCase();
  const unpacked = folded.replace(/\.(gz|zst)$/, "");
  return formatNames().find((name) => {
    const { extensions, compressible } = FORMATS[name];
    const base = compressible ? unpacked : folded;
    return extensions.some((extension) => base.endsWith(extension));
  });
}

export function formatNames(): readonly FormatName[] {
  // Object.keys forgets the type of the keys; the table has no others.
  return Object.keys(FORMATS) as FormatName[];
}

/** A store as `STORE:PREFIX` or a bare name gives it. */
export function findStore(
  name: string,
  known: KnownStores,
):
  | { readonly outcome: "located"; readonly store: StoreName }
  | Exclude<SourceReading, { outcome: "source" }> {
  // The map is keyed by branded names: a name that it has is one.
  const store = name as StoreName;
  if (known.stores.has(store)) return { outcome: "located", store };
  if (known.declaredStores.has(name)) return { outcome: "undecided" };
  const names = [...known.declaredStores];
  return wrong(
    `unknown store "${name}"${didYouMean(name, names)}`,
    names.length === 0
      ? "Declare it under stores: in bucketgres.yaml."
      : `The stores in bucketgres.yaml: ${names.join(", ")}.`,
  );
}

type Located =
  | { readonly outcome: "located"; readonly store: StoreName; readonly rest: string }
  | Exclude<SourceReading, { outcome: "source" }>;

function locate(text: string, known: KnownStores): Located {
  const url = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(text);
  if (url !== null) return locateBucket(url[1] ?? "", url[2] ?? "", known);
  const named = /^([^:/\\]+):(.*)$/s.exec(text);
  if (named === null) return wrong(`the source "${text}" names no store`, FORM_HINT);
  const [, name = "", rest = ""] = named;
  if (rest.startsWith("//") && !known.declaredStores.has(name)) {
    return wrong(`sources with ${name}:// are not supported`, FORM_HINT);
  }
  const found = findStore(name, known);
  return found.outcome === "located" ? { ...found, rest } : found;
}

function locateBucket(bucket: string, rest: string, known: KnownStores): Located {
  const stores = [...known.stores].flatMap(([store, settings]) =>
    settings.type === "s3" ? [{ store, bucket: settings.bucket }] : [],
  );
  const matching = stores.filter((candidate) => candidate.bucket === bucket);
  const [first, second] = matching;
  if (first === undefined) {
    if (known.stores.size < known.declaredStores.size) return { outcome: "undecided" };
    const suggestion = didYouMean(
      bucket,
      stores.map((candidate) => candidate.bucket),
    );
    return wrong(
      `no store has the bucket "${bucket}"${suggestion}`,
      "Declare a store of type s3 with this bucket in bucketgres.yaml.",
    );
  }
  if (second !== undefined) {
    return wrong(
      `the stores "${first.store}" and "${second.store}" both have the bucket "${bucket}"`,
      `Say which: ${first.store}:${rest}.`,
    );
  }
  return { outcome: "located", store: first.store, rest };
}

function wrong(message: string, hint: string | undefined) {
  return { outcome: "wrong", message, hint } as const;
}
