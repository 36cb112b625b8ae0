import { api } from "../api";
import type { Job } from "../contract";
import { about, settingsText, size, songTitle, speed, time, title } from "../format";
import { expectedSeconds } from "../presets";
import { isPlayable, type State } from "../state";
import type { PendingUpload, Uploader } from "../upload";
import type { WaitingSong, WaitingSongs } from "../waiting";
import { licence } from "./add-view";
import { arrange, attempt, h, icon, iconButton } from "./dom";

/** What is under way: songs at work, songs in the queue, songs that wait for a model, uploads. */
export class QueueView {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly uploader: Uploader;
  private readonly waiting: WaitingSongs;
  private readonly open: (songId: string) => void;
  private readonly list = h("ol", { class: "jobs queue" });
  private readonly total = h("p", { class: "hint" });
  private readonly cards = new Map<string, JobCard>();
  private readonly others = new Map<unknown, WaitingCard | UploadCard>();
  private queued: Job[] = [];

  constructor(state: State, uploader: Uploader, waiting: WaitingSongs, open: (songId: string) => void) {
    this.state = state;
    this.uploader = uploader;
    this.waiting = waiting;
    this.open = open;
    this.element = h(
      "section", { class: "panel queue-panel", "aria-labelledby": "queue-title" },
      h("div", { class: "panel-head" }, h("h2", { id: "queue-title", text: "Queue" }), this.total), this.list,
    );
  }

  /** Whether anything is under way. */
  get isBusy(): boolean {
    return this.list.childElementCount > 0;
  }

  render(): void {
    const focused = document.activeElement as HTMLElement;
    const card = [...this.cards.values()].find(({ element }) => element.contains(focused));
    this.arrange();
    this.element.hidden = !this.isBusy;
    if (!card || (document.activeElement === focused && isSeen(focused))) return;
    // Moving or hiding an element takes the focus from it; somebody at the keyboard would have to start anew.
    if (card.element.isConnected) card.focusNextTo(focused);
    else this.element.closest<HTMLElement>("#songs")?.focus({ preventScroll: true });
  }

  private arrange(): void {
    const jobs = [...this.state.jobs.values()];
    const running = jobs.filter((job) => job.state === "running").sort((a, b) => (b.progress?.fraction ?? 0) - (a.progress?.fraction ?? 0));
    this.queued = jobs.filter((job) => job.state === "queued").sort((a, b) => a.order - b.order || a.created.localeCompare(b.created));
    const { queued } = this;
    const active = new Set([...running, ...queued].map((job) => job.id));
    for (const [id, card] of this.cards) {
      if (active.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    let ahead: number | undefined = running.reduce((sum, job) => sum + (job.progress?.etaSeconds ?? this.seconds(job) ?? 0), 0);
    const waits = queued.map((job) => {
      const wait = ahead, own = this.seconds(job);
      ahead = ahead === undefined || own === undefined ? undefined : ahead + own;
      return [wait, own] as const;
    });
    this.total.textContent = ahead && running.length + queued.length > 1 ? `${about(ahead)} in all` : "";
    const { pending } = this.uploader, { songs } = this.waiting;
    for (const [key, card] of this.others) {
      if (songs.includes(key as WaitingSong) || pending.has((key as PendingUpload).key)) continue;
      card.element.remove();
      this.others.delete(key);
    }
    arrange(this.list, [
      ...running.map((job) => this.card(job, (card) => card.update(job, describeProgress(job)))),
      ...queued.map((job, i) => this.card(job, (card) => {
        const [wait, own] = waits[i]!;
        const place = i === 0 ? "Next" : wait === undefined ? `${i + 1}. in the queue` : `Starts in ${about(wait)}`;
        card.update(job, [place, own === undefined ? time(job.durationSeconds) : `takes ${about(own)}`, settingsText(job)].join(" · "),
          queued[i - 1], queued[i + 2] ?? (queued[i + 1] ? null : undefined));
      })),
      ...songs.map((song) => this.other(song, () => new WaitingCard(song, this.state, this.waiting))),
      ...[...pending.values()].map((upload) => this.other(upload, () => new UploadCard(upload))),
    ]);
  }

  private seconds(job: Job): number | undefined {
    return expectedSeconds(job.durationSeconds, this.state.model(job.settings.model), job.settings);
  }

  private card(job: Job, update: (card: JobCard) => void): HTMLElement {
    let card = this.cards.get(job.id);
    if (!card) this.cards.set(job.id, (card = new JobCard(this.open, (id, event) => this.drag(id, event))));
    update(card);
    return card.element;
  }

  private other(key: WaitingSong | PendingUpload, make: () => WaitingCard | UploadCard): HTMLElement {
    let card = this.others.get(key);
    if (!card) this.others.set(key, (card = make()));
    card.update();
    return card.element;
  }

  /** Moves a song of the queue with the pointer; it goes where it is let go. */
  private drag(id: string, down: PointerEvent): void {
    const row = this.cards.get(id)!.element;
    const grip = down.target as HTMLElement;
    grip.setPointerCapture(down.pointerId);
    row.classList.add("dragged");
    let before: Job | null | undefined;
    const move = (event: PointerEvent) => {
      row.style.transform = `translateY(${event.clientY - down.clientY}px)`;
      const others = this.queued.filter((job) => job.id !== id);
      before = others.find((job) => {
        const box = this.cards.get(job.id)!.element.getBoundingClientRect();
        return event.clientY < box.top + box.height / 2;
      }) ?? null;
      for (const job of others) this.cards.get(job.id)!.element.classList.toggle("before", job === before);
    };
    const end = (event: PointerEvent) => {
      grip.removeEventListener("pointermove", move);
      row.classList.remove("dragged");
      row.style.transform = "";
      for (const card of this.cards.values()) card.element.classList.remove("before");
      if (event.type === "pointerup" && before !== undefined) void attempt(() => api.move(id, before?.id ?? null));
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", end, { once: true });
    grip.addEventListener("pointercancel", end, { once: true });
  }
}

class UploadCard {
  readonly element: HTMLLIElement;
  private readonly upload: PendingUpload;
  private readonly bar: HTMLProgressElement;
  private readonly status = h("p", { class: "status" });

  constructor(upload: PendingUpload) {
    this.upload = upload;
    this.bar = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${upload.name}` });
    this.element = h(
      "li", { class: "job" },
      h("div", { class: "job-text" }, h("p", { class: "job-name", text: title(upload.name) }), this.status, this.bar),
      h("div", { class: "job-actions" }, iconButton("close", `Cancel the upload of ${upload.name}`, () => upload.abort.abort())),
    );
  }

  update(): void {
    const { sent, bytes } = this.upload;
    this.bar.value = bytes > 0 ? sent / bytes : 0;
    this.status.textContent = sent > 0 ? `Copying · ${size(sent)} of ${size(bytes)}` : "Waits to be copied";
  }
}

/** A song whose model is being downloaded: the same row says how large that is, under which licence, and how far. */
class WaitingCard {
  readonly element: HTMLLIElement;
  private readonly waiting: WaitingSong;
  private readonly state: State;
  private readonly bar = h("progress", { max: 1, value: 0 });
  private readonly status = h("p", { class: "status" });
  private readonly licence = h("p", { class: "status" });
  private readonly again: HTMLButtonElement;

  constructor(waiting: WaitingSong, state: State, songs: WaitingSongs) {
    this.waiting = waiting;
    this.state = state;
    const name = title(waiting.song.name);
    this.again = iconButton("retry", `Download again for ${name}`, () => songs.download(waiting));
    this.element = h(
      "li", { class: "job", "data-state": "waiting" },
      h("div", { class: "job-text" }, h("p", { class: "job-name", text: name }), this.status, this.licence, this.bar),
      h("div", { class: "job-actions" }, this.again, iconButton("close", `Cancel ${name}`, () => songs.drop(waiting))),
    );
  }

  update(): void {
    const model = this.state.model(this.waiting.settings.model);
    const { download, downloadBytes } = model ?? {};
    const failed = download?.error;
    const parts = [`Waits for ${this.waiting.settings.model}`, downloadBytes && size(downloadBytes), download && !failed && `${Math.round(download.fraction * 100)} % downloaded`];
    this.status.textContent = failed ?? parts.filter(Boolean).join(" · ");
    this.status.classList.toggle("error", failed !== undefined);
    if (model) this.licence.replaceChildren(...licence(model));
    this.bar.hidden = failed !== undefined;
    this.bar.value = download?.fraction ?? 0;
    this.bar.setAttribute("aria-label", `Download of ${this.waiting.settings.model}`);
    this.again.hidden = failed === undefined;
  }
}

class JobCard {
  readonly element: HTMLLIElement;
  private job: Job | undefined;
  private before: Job | undefined;
  private after: Job | null | undefined;
  private readonly name: HTMLButtonElement;
  private readonly status = h("p", { class: "status" });
  private readonly bar = h("progress", { max: 1, value: 0 });
  private readonly grip = h("span", { class: "grip", "aria-hidden": "true" }, icon("grip"));
  private readonly up: HTMLButtonElement;
  private readonly down: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;

  constructor(open: (songId: string) => void, drag: (jobId: string, event: PointerEvent) => void) {
    this.name = h("button", { type: "button", class: "job-name", onclick: () => this.job && open(this.job.songId) });
    this.up = iconButton("up", "Earlier", () => void this.move(this.before?.id ?? null));
    this.down = iconButton("down", "Later", () => void this.move(this.after?.id ?? null));
    this.cancel = iconButton("close", "Cancel", () => void attempt(() => api.cancel(this.job!.id)));
    this.grip.addEventListener("pointerdown", (event) => this.job && event.button === 0 && drag(this.job.id, event));
    this.element = h(
      "li", { class: "job", tabindex: -1 },
      this.grip,
      h("div", { class: "job-text" }, this.name, this.status, this.bar),
      h("div", { class: "job-actions" }, this.up, this.down, this.cancel),
    );
  }

  update(job: Job, status: string, before?: Job, after?: Job | null): void {
    [this.job, this.before, this.after] = [job, before, after];
    const name = songTitle(job);
    this.name.textContent = name;
    this.element.dataset.state = job.state;
    this.status.textContent = status;
    this.grip.hidden = job.state !== "queued" || (!before && after === undefined);
    this.bar.hidden = job.state !== "running";
    this.bar.value = job.progress?.fraction ?? 0;
    this.bar.setAttribute("aria-label", `Progress of ${name}`);
    this.up.hidden = !before;
    this.down.hidden = job.state !== "queued" || after === undefined;
    for (const [button, verb] of [[this.up, "Move earlier:"], [this.down, "Move later:"], [this.cancel, "Cancel"]] as const)
      button.setAttribute("aria-label", `${verb} ${name}`);
  }

  /** Gives the focus back to a button, or to what has taken its place. */
  focusNextTo(button: HTMLElement): void {
    const others = button === this.up || button === this.down ? [this.up, this.down, this.name] : [this.cancel, this.name];
    ([button, ...others].find(isSeen) ?? this.element).focus({ preventScroll: true });
  }

  private async move(before: string | null): Promise<void> {
    await attempt(() => api.move(this.job!.id, before));
  }
}

/** How far a running job is, in words. */
export function describeProgress(job: Job): string {
  const progress = job.progress;
  switch (progress?.step) {
    case "separating": {
      const parts = [`${Math.round(progress.fraction * 100)} %`];
      if (progress.etaSeconds !== undefined) parts.push(`${time(progress.etaSeconds + 0.99)} left`);
      if (progress.timesRealTime !== undefined) parts.push(speed(progress.timesRealTime));
      if (isPlayable(job)) parts.push("playable");
      return parts.join(" · ");
    }
    case "writing":
      return "Writing the stems";
    case "ready":
      return "Ready, waits for the song before it";
    default:
      return "Reading the song";
  }
}

/** Whether a control can have the focus. */
function isSeen(control: HTMLElement): boolean {
  return !control.hidden && !control.matches(":disabled");
}
