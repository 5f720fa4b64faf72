type Given = {
  /** As the client wrote it; what remains of it is safe to hand on. */
  readonly filename: string;
  readonly mimetype: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/**
 * A file that came with a request. A class, so that no JSON body can look like one; its bytes are private, so that no log,
 * error message or JSON text can hold them.
 */
export class Upload {
  /** Name without folders and without unprintable characters, 1 to 255 characters. */
  readonly filename: string;
  /** Media type as the client says; nobody has looked into the file. */
  readonly mimetype: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor({ filename, mimetype, bytes }: Given) {
    this.filename = safeName(filename);
    this.mimetype = mediaType.test(mimetype) ? mimetype.toLowerCase() : 'application/octet-stream';
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }
}

/** SHA-256 of the content; computed off the event loop's thread. */
export const digestOf = async ({ bytes }: Upload): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('base64url');

const mediaType = /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/;
const maxLength = 255;

/** Control characters, line ends and invisible ones, among them those that turn the reading direction. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The last part of a path; too long a name is cut before its ending, which says what kind of file it is. */
function safeName(given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? '';
  const name = last.replace(unprintable, '').trim();
  if (/^\.*$/.test(name)) return 'file';
  const ending = /\.[^.]{1,15}$/.exec(name)?.[0] ?? '';
  return (name.slice(0, name.length - ending.length).slice(0, maxLength - ending.length) + ending).toWellFormed();
}
