import { api } from "./api";
import type { Job, Model, ServerEvent, ServerInfo } from "./contract";

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
  connected = false;
  /** The oldest job of the newest ones, where the server has more than it has told of. */
  private oldest: string | undefined;
  private source: EventSource | undefined;

  on(change: Change, listener: () => void): void {
    this.addEventListener(change, listener);
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

  /** Whether the server has jobs that are older than all that it has told of. */
  get hasOlder(): boolean {
    return this.oldest !== undefined;
  }

  async loadOlder(): Promise<void> {
    if (!this.oldest) return;
    const page = await api.jobs(this.oldest);
    for (const job of page.jobs) if (!this.jobs.has(job.id)) this.jobs.set(job.id, job);
    this.oldest = page.next;
    this.tell("jobs");
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
      if (source.readyState === EventSource.CLOSED && this.source === source) setTimeout(() => this.connect(), 1000);
    };
  }

  private setConnected(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    this.tell("connection");
  }

  private take(event: ServerEvent): void {
    if (event.jobs) {
      this.jobs.clear();
      for (const job of event.jobs) this.jobs.set(job.id, job);
      this.oldest = event.next;
    }
    if (event.job) this.jobs.set(event.job.id, event.job);
    if (event.removed) this.jobs.delete(event.removed);
    if (event.model) {
      const changed = event.model;
      this.models = this.models.map((model) => (model.name === changed.name ? changed : model));
      this.tell("models");
      return;
    }
    this.tell("jobs");
  }

  private tell(change: Change): void {
    this.dispatchEvent(new Event(change));
  }
}
