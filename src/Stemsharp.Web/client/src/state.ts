import { api } from "./api";
import type { Job, Model, ServerEvent, ServerInfo } from "./contract";
import { songTitle } from "./format";

/** A song with all that was made of it, newest first. */
export interface SongEntry {
  id: string;
  title: string;
  artist: string;
  hasCover: boolean;
  durationSeconds: number;
  created: string;
  jobs: Job[];
}

/** Whether a job's stems can be heard, at least as far as they are made. */
export function isPlayable(job: Job): boolean {
  return job.audio !== undefined && (job.state === "done" || (job.progress?.playableFrames ?? 0) > 0);
}

type Change = "jobs" | "models" | "connection" | "server";

/** What the page knows of the server, kept up to date by the stream of events. */
export class State extends EventTarget {
  readonly jobs = new Map<string, Job>();
  models: Model[] = [];
  server: ServerInfo | undefined;
  /** Undefined until the first answer, or the first that did not come. */
  connected: boolean | undefined;
  /** Whether the server has told once what there is. */
  known = false;
  /** The oldest job of the newest ones, where the server has more than it has told of. */
  private oldest: string | undefined;
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  on(change: Change, listener: () => void): void {
    this.addEventListener(change, listener);
  }

  off(change: Change, listener: () => void): void {
    this.removeEventListener(change, listener);
  }

  async start(): Promise<void> {
    [this.server, this.models] = await Promise.all([api.server(), api.models()]);
    this.tell("server");
    this.tell("models");
    this.connect();
  }

  /** Takes a job that was just made. Events may have told of it already, and then they know better. */
  put(job: Job): void {
    if (this.jobs.has(job.id)) return;
    this.jobs.set(job.id, job);
    this.tell("jobs");
  }

  /** Whether all songs that the server has are known. */
  get isComplete(): boolean {
    return this.known && this.oldest === undefined;
  }

  /** All songs, as their jobs tell of them. */
  songs(): Map<string, SongEntry> {
    const songs = new Map<string, SongEntry>();
    for (const job of this.jobs.values()) {
      const known = songs.get(job.songId);
      if (known) known.jobs.push(job);
      else {
        songs.set(job.songId, {
          id: job.songId, title: songTitle(job), artist: job.artist ?? "", hasCover: job.hasCover === true,
          durationSeconds: job.durationSeconds, created: job.created, jobs: [job],
        });
      }
    }
    for (const song of songs.values()) {
      song.jobs.sort((a, b) => b.created.localeCompare(a.created));
      song.created = song.jobs[0]!.created;
    }
    return songs;
  }

  jobsOf(songId: string): Job[] {
    return [...this.jobs.values()].filter((job) => job.songId === songId).sort((a, b) => b.created.localeCompare(a.created));
  }

  model(name: string | undefined): Model | undefined {
    return this.models.find((model) => model.name === name);
  }

  async refreshModels(): Promise<void> {
    this.models = await api.models();
    this.tell("models");
  }

  takeModel(changed: Model): void {
    this.models = this.models.map((model) => (model.name === changed.name ? changed : model));
    this.tell("models");
  }

  /** Fetches the jobs that the first event had no room for, page by page. */
  private async loadOlder(): Promise<void> {
    const source = this.source;
    while (this.oldest) {
      const page = await api.jobs(this.oldest);
      if (this.source !== source) return;
      for (const job of page.jobs) if (!this.jobs.has(job.id)) this.jobs.set(job.id, job);
      this.oldest = page.next;
      this.tell("jobs");
    }
  }

  /** Tries at once to reach a server that was lost. */
  reconnect(): void {
    this.source?.close();
    clearTimeout(this.timer);
    this.connect();
  }

  async refreshServer(): Promise<void> {
    this.server = await api.server();
    this.tell("server");
  }

  private connect(): void {
    const source = (this.source = new EventSource(api.eventsAddress));
    source.onopen = () => this.setConnected(true);
    source.onmessage = (message: MessageEvent<string>) => this.take(JSON.parse(message.data) as ServerEvent);
    source.onerror = () => {
      this.setConnected(false);
      // A browser gives up where the server answered with an error, such as while it starts; this does not.
      if (source.readyState === EventSource.CLOSED && this.source === source) this.timer = setTimeout(() => this.connect(), 1000);
    };
  }

  private setConnected(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    this.tell("connection");
  }

  private take(event: ServerEvent): void {
    if (event.jobs) {
      this.known = true;
      this.jobs.clear();
      for (const job of event.jobs) this.jobs.set(job.id, job);
      this.oldest = event.next;
      void this.loadOlder().catch(() => undefined);
    }
    if (event.job) this.jobs.set(event.job.id, event.job);
    if (event.removed) this.jobs.delete(event.removed);
    if (event.model) {
      const before = this.model(event.model.name);
      this.takeModel(event.model);
      // What was fetched for one may be what a chain was waiting for.
      if (event.model.installed && !before?.installed) void this.refreshModels().catch(() => undefined);
      return;
    }
    this.tell("jobs");
  }

  private tell(change: Change): void {
    this.dispatchEvent(new Event(change));
  }
}
