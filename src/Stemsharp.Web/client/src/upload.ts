import { api, ApiError } from "./api";
import type { Song, Upload } from "./contract";

const pieceBytes = 8 << 20;
/** A connection that breaks or a server that starts anew (0), another piece under way (409), too much at once (429, 503). */
const passingErrors = [0, 409, 429, 503];
/** Half a minute in all: a server that was restarted is back by then. */
const triesAgain = 10;
const music = /\.(wav|wave|mp3|flac|m4a|mp4|aac|ogg|oga|opus|aif|aiff|wma|webm|mka|ac3|caf)$/i;

export interface PendingUpload {
  readonly key: number;
  readonly name: string;
  readonly bytes: number;
  sent: number;
  readonly abort: AbortController;
}

/** Uploads files, two at a time, in pieces that are sent again where a connection breaks. */
export class Uploader extends EventTarget {
  readonly pending = new Map<number, PendingUpload>();
  private readonly waiting: (() => Promise<void>)[] = [];
  private active = 0;
  private keys = 0;
  private lastTurn: Promise<void> = Promise.resolve();

  add(file: File, done: (song: Song) => Promise<void>, failed: (message: string) => void): PendingUpload {
    const upload: PendingUpload = { key: ++this.keys, name: file.name, bytes: file.size, sent: 0, abort: new AbortController() };
    this.pending.set(upload.key, upload);
    // Songs are queued in the order they were dropped in, whichever arrives first.
    const turn = this.lastTurn;
    let pass = () => {};
    this.lastTurn = new Promise((resolve) => (pass = resolve));
    this.waiting.push(async () => {
      try {
        const song = await this.send(file, upload);
        await turn;
        await done(song);
      } catch (error) {
        if (!upload.abort.signal.aborted) failed(`${file.name}: ${error instanceof Error ? error.message : error}`);
      } finally {
        void turn.then(pass);
        this.pending.delete(upload.key);
        this.changed();
      }
    });
    this.changed();
    this.next();
    return upload;
  }

  private next(): void {
    while (this.active < 2) {
      const work = this.waiting.shift();
      if (!work) return;
      this.active++;
      void work().finally(() => {
        this.active--;
        this.next();
      });
    }
  }

  private async send(file: File, pending: PendingUpload): Promise<Song> {
    const { signal } = pending.abort;
    signal.throwIfAborted();
    let upload: Upload | undefined;
    signal.addEventListener("abort", () => upload && void api.dropUpload(upload.id).catch(() => undefined));
    for (let failures = 0; !upload?.song; ) {
      try {
        if (!upload) upload = await api.createUpload(file.name, file.size);
        // After a failure the server tells how far it has the file, which may be all of it.
        else if (failures > 0) upload = await api.getUpload(upload.id);
        if (!upload.song) upload = await api.append(upload.id, upload.offset, file.slice(upload.offset, upload.offset + pieceBytes), signal);
        failures = 0;
      } catch (error) {
        const passing = error instanceof ApiError && passingErrors.includes(error.status);
        if (!passing || signal.aborted || ++failures > triesAgain) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 500 * failures)));
      }
      pending.sent = upload?.offset ?? 0;
      this.changed();
    }
    return upload.song;
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

/** The music among what was dropped, folders gone through. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files];
  const found: File[] = [];
  const visit = async (entry: FileSystemEntry, inFolder: boolean): Promise<void> => {
    if (entry.isDirectory) {
      for (const child of await children(entry as FileSystemDirectoryEntry)) await visit(child, true);
    } else if (!inFolder || music.test(entry.name)) {
      found.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    }
  };
  for (const entry of entries) await visit(entry, false);
  return found;
}

export const isMusic = (file: File): boolean => music.test(file.name);

async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // A reader gives a folder's entries in lots, until an empty one.
  for (;;) {
    const lot = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (lot.length === 0) return all.sort((a, b) => a.name.localeCompare(b.name));
    all.push(...lot);
  }
}
