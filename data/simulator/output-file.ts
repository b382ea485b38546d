import { once } from 'node:events';
import { type WriteStream, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { type Gzip, type ZlibOptions, createGzip } from 'node:zlib';
import { WriteError } from './write-error';

/** Text is handed on in pieces of about this many characters. */
const PIECE = 1 << 16;
const BUFFERED_BYTES = 1 << 20;

/** Compression runs beside the simulation as long as there is room between them (a stream option its types lack). */
const COMPRESSION: ZlibOptions & { highWaterMark: number } = { highWaterMark: BUFFERED_BYTES };

export interface OutputFileOptions {
  /** Compressed, with neither name nor time in its header. */
  gzip?: boolean;
  encoding?: 'utf8' | 'latin1';
  /** Ends the writing with its reason; what was written is still to be discarded. */
  signal?: AbortSignal | undefined;
}

/**
 * A file that appears under its name whole and at once: it is written aside and renamed. Writing waits for the disk, so
 * that memory does not grow with the file.
 *
 * Every method throws a WriteError when the disk refuses.
 */
export class OutputFile {
  readonly name: string;
  /** Of the text, before compression. */
  bytes = 0;
  readonly #aside: string;
  readonly #encoding: 'utf8' | 'latin1';
  readonly #signal: AbortSignal | undefined;
  readonly #file: WriteStream;
  readonly #sink: WriteStream | Gzip;
  readonly #written: Promise<void>;
  #text = '';

  private constructor(name: string, aside: string, { gzip = false, encoding = 'utf8', signal }: OutputFileOptions) {
    this.name = name;
    this.#aside = aside;
    this.#encoding = encoding;
    this.#signal = signal;
    const file = createWriteStream(aside, { highWaterMark: BUFFERED_BYTES });
    this.#file = file;
    this.#written = finished(file);
    // Whoever waits for it learns of the failure; until then nobody may be waiting.
    this.#written.catch(() => undefined);
    if (gzip) {
      const compressor = createGzip(COMPRESSION);
      file.on('error', (error) => compressor.destroy(error));
      compressor.on('error', (error) => file.destroy(error));
      this.#sink = compressor;
      compressor.pipe(file);
    } else {
      this.#sink = file;
    }
  }

  /** Makes the folders that lead to `name` and begins the file. */
  static async create(name: string, options: OutputFileOptions = {}): Promise<OutputFile> {
    try {
      await mkdir(path.dirname(name), { recursive: true });
    } catch (error) {
      throw new WriteError(path.dirname(name), error);
    }
    return new OutputFile(name, `${name}.${process.pid}.tmp`, options);
  }

  /** Adds text. @returns a promise when the caller should wait before it adds more. */
  write(text: string): Promise<void> | undefined {
    this.#text += text;
    return this.#text.length < PIECE ? undefined : this.#handOn();
  }

  /** Adds the content of another text file, changed piece by piece. */
  async addFile(name: string, change: (text: string) => string = (text) => text): Promise<void> {
    try {
      for await (const piece of createReadStream(name, { encoding: 'utf8', highWaterMark: PIECE })) {
        const waiting = this.write(change(piece as string));
        if (waiting !== undefined) await waiting;
      }
    } catch (error) {
      throw error instanceof WriteError || this.#signal?.aborted ? error : new WriteError(name, error);
    }
  }

  /** Ends the file and gives it its name. */
  async commit(): Promise<void> {
    await this.#handOn();
    try {
      this.#sink.end();
      await this.#written;
      await rename(this.#aside, this.name);
    } catch (error) {
      throw new WriteError(this.name, error);
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#sink.destroy();
    this.#file.destroy();
    await this.#written.catch(() => undefined);
    await rm(this.#aside, { force: true });
  }

  async #handOn(): Promise<void> {
    this.#signal?.throwIfAborted();
    const content = Buffer.from(this.#text, this.#encoding);
    this.#text = '';
    this.bytes += content.length;
    if (this.#sink.destroyed) return this.#fail();
    if (content.length === 0 || this.#sink.write(content)) return;
    await Promise.race([once(this.#sink, 'drain'), this.#written]).catch(() => this.#fail());
  }

  async #fail(): Promise<never> {
    throw new WriteError(this.name, await this.#written.catch((error: unknown) => error));
  }
}

/** Copies a file, whole and at once. @returns when the copy has its name. @throws WriteError */
export async function copyWhole(from: string, to: string): Promise<void> {
  const aside = `${to}.${process.pid}.tmp`;
  try {
    await copyFile(from, aside);
    await rename(aside, to);
  } catch (error) {
    await rm(aside, { force: true });
    throw new WriteError(to, error);
  }
}
