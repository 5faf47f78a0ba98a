import { readFileSync, type StatsListener, unwatchFile, watchFile } from "node:fs";
import { PgError } from "../core/pg-error.ts";
import type { Logger } from "../observe/logger.ts";
import { keptKeyPair } from "./self-signed.ts";
import { TlsEndpoint, type TlsMaterial } from "./tls.ts";

export interface TlsOptions {
  readonly mode: "disable" | "prefer" | "require";
  /** Undefined: a self-signed one is made and kept. */
  readonly certificate: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly clientCaFile: string | undefined;
  readonly offersChannelBinding: boolean;
}

export interface LiveTlsOptions {
  readonly options: TlsOptions;
  /** Where a self-signed certificate is kept. */
  readonly folder: string;
  /** What clients call this server, if they can. */
  readonly host: string;
  readonly log: Logger;
  readonly nowMs?: () => number;
}

/** How often the files are looked at: a look is one stat each, and finds links that were swapped. */
const LOOK_MS = 1_000;
/** Certificate and key are replaced one after the other. */
const QUIET_MS = 500;
/** How often a self-signed certificate is asked whether it ends soon. */
const RENEWAL_CHECK_MS = 12 * 60 * 60 * 1000;

/** The certificate that counts now: read anew when its files change, kept where the new one is none. */
export class LiveTls implements Disposable {
  readonly #place: Omit<LiveTlsOptions, "options">;
  readonly #nowMs: () => number;
  readonly #renewal: NodeJS.Timeout;
  #options: TlsOptions;
  #endpoint: TlsEndpoint | undefined;
  #material: TlsMaterial | undefined;
  #watched: readonly string[] = [];
  #quiet: NodeJS.Timeout | undefined;

  /** Throws where the options name what cannot be used. */
  constructor({ options, ...place }: LiveTlsOptions) {
    this.#place = place;
    this.#nowMs = place.nowMs ?? Date.now;
    this.#options = options;
    this.#load();
    this.#watch();
    this.#renewal = setInterval(() => this.reload(), RENEWAL_CHECK_MS).unref();
  }

  /** Undefined: requests for encryption are answered with N. */
  get endpoint(): TlsEndpoint | undefined {
    return this.#endpoint;
  }

  /** Takes other options; what cannot be used is logged, and the old certificate stays. */
  apply(options: TlsOptions): void {
    this.#options = options;
    this.#watch();
    this.reload();
  }

  /** Looks at the files now. */
  reload(): void {
    clearTimeout(this.#quiet);
    try {
      this.#load();
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      const { message, hint } = error;
      this.#place.log.error(
        { problem: message, hint },
        "tls certificate cannot be used; the old one stays",
      );
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#renewal);
    clearTimeout(this.#quiet);
    for (const file of this.#watched) unwatchFile(file, this.#changed);
    this.#watched = [];
  }

  #load(): void {
    if (this.#options.mode === "disable") {
      this.#endpoint = undefined;
      this.#material = undefined;
      return;
    }
    const { certificate, clientCaFile, offersChannelBinding } = this.#options;
    const pair = certificate === undefined ? this.#selfSigned() : readPair(certificate);
    const material: TlsMaterial = {
      certificate: pair.certificate,
      key: pair.key,
      clientCa: clientCaFile === undefined ? undefined : readPem(clientCaFile),
      offersChannelBinding,
    };
    if (isSame(material, this.#material)) return;
    this.#endpoint = new TlsEndpoint(material);
    this.#material = material;
    const { fingerprint256, validTo } = this.#endpoint.certificate;
    this.#place.log.info(
      { fingerprint: fingerprint256, validTo, file: pair.file },
      certificate === undefined
        ? "no tls.certificate: a self-signed one is used"
        : "tls certificate loaded",
    );
  }

  #selfSigned(): NamedPair {
    const { folder, host, log } = this.#place;
    const { certificate, key, certificateFile, origin, notKept } = keptKeyPair(
      folder,
      host,
      this.#nowMs(),
    );
    if (origin !== "kept") log.info({ folder, origin }, "self-signed tls certificate made");
    if (notKept !== undefined) {
      log.warn({ err: notKept, folder }, "self-signed tls certificate cannot be kept");
    }
    return { certificate, key, file: certificateFile };
  }

  #watch(): void {
    for (const file of this.#watched) unwatchFile(file, this.#changed);
    const { mode, certificate, clientCaFile } = this.#options;
    const files = [certificate?.certificateFile, certificate?.keyFile, clientCaFile];
    this.#watched = mode === "disable" ? [] : files.filter((file) => file !== undefined);
    for (const file of this.#watched) {
      watchFile(file, { interval: LOOK_MS, persistent: false }, this.#changed);
    }
  }

  readonly #changed: StatsListener = () => {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.reload(), QUIET_MS).unref();
  };
}

interface NamedPair {
  readonly certificate: string;
  readonly key: string;
  /** For clients that want to check the server by it. */
  readonly file: string | undefined;
}

function readPair({ certificateFile, keyFile }: NonNullable<TlsOptions["certificate"]>): NamedPair {
  return { certificate: readPem(certificateFile), key: readPem(keyFile), file: certificateFile };
}

function isSame(material: TlsMaterial, before: TlsMaterial | undefined): boolean {
  return (
    material.certificate === before?.certificate &&
    material.key === before.key &&
    material.clientCa === before.clientCa &&
    material.offersChannelBinding === before.offersChannelBinding
  );
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new PgError("config_file_error", `cannot read ${file}`, {
      hint: "Check that the files of tls.certificate, tls.key and tls.client_ca exist and may be read.",
      cause: error,
    });
  }
}
