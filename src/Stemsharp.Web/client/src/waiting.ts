import { api } from "./api";
import type { Job, JobSettings, Song } from "./contract";
import type { State } from "./state";

/** A song that is here and waits for its model to be downloaded. */
export interface WaitingSong {
  song: Song;
  settings: JobSettings;
  batch: string;
}

const key = "waiting";

/**
 * Songs whose model is not here yet. They are queued when it has come, by this page or by the next one that is opened: the list is kept in
 * the browser, the songs on the server.
 */
export class WaitingSongs extends EventTarget {
  songs: WaitingSong[];
  private readonly state: State;
  private readonly queued: (job: Job) => void;

  constructor(state: State, queued: (job: Job) => void) {
    super();
    this.state = state;
    this.queued = queued;
    this.songs = JSON.parse(localStorage.getItem(key) ?? "[]") as WaitingSong[];
    state.on("models", () => this.proceed());
    this.proceed();
  }

  add(waiting: WaitingSong): void {
    this.keep([...this.songs, waiting]);
    this.download(waiting);
    this.proceed();
  }

  /** Starts the download that a song waits for, or starts it once more. */
  download({ settings }: WaitingSong): void {
    const model = this.state.model(settings.model);
    if (!model || model.installed || (model.download && !model.download.error)) return;
    void api.download(model.name).then(
      (started) => {
        // An event may have come before this answer, and is later than it.
        const now = this.state.model(started.name);
        if (now && !now.installed && (!now.download || now.download.error)) this.state.takeModel(started);
      },
      (error: Error) => this.state.takeModel({ ...model, download: { fraction: 0, error: error.message } }),
    );
  }

  drop(song: WaitingSong): void {
    this.keep(this.songs.filter((other) => other !== song));
    void api.dropSong(song.song.id).catch(() => undefined);
  }

  private proceed(): void {
    const ready = this.songs.filter(({ settings }) => this.state.model(settings.model)?.installed);
    if (ready.length === 0) return;
    this.keep(this.songs.filter((song) => !ready.includes(song)));
    void (async () => {
      for (const { song, settings, batch } of ready) {
        // A song that nobody has queued for a day is gone from the server.
        const job = await api.createJob(song.id, settings, batch).catch(() => undefined);
        if (!job) continue;
        this.queued(job);
        this.state.put(job);
      }
    })();
  }

  private keep(songs: WaitingSong[]): void {
    this.songs = songs;
    localStorage.setItem(key, JSON.stringify(songs));
    this.dispatchEvent(new Event("change"));
  }
}
