/** Values that passed the check of the place where they came in; all code further in asks for these. */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** What the client calls its database. */
export type WorkspaceName = Brand<string, "WorkspaceName">;
/** What the client calls its user. */
export type RoleName = Brand<string, "RoleName">;
export type StoreName = Brand<string, "StoreName">;
/** A key inside a bucket or a path inside a directory store, with `/` between its parts. */
export type ObjectKey = Brand<string, "ObjectKey">;
/** An opaque version mark of an object: compared, never computed. */
export type ETag = Brand<string, "ETag">;
