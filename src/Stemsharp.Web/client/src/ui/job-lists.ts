import { api } from "../api";
import type { Job } from "../contract";
import { settingsText, size, speed, time, title } from "../format";
import { isPlayable, type State } from "../state";
import type { PendingUpload, Uploader } from "../upload";
import { attempt, h, iconButton } from "./dom";

const historyStep = 50;

/** The queue, uploads included, and the songs that are done. */
export class JobLists {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly uploader: Uploader;
  private readonly open: (job: Job) => void;
  private readonly queue = h("ol", { class: "jobs" });
  private readonly history = h("ul", { class: "jobs" });
  private readonly queueSection: HTMLElement;
  private readonly historySection: HTMLElement;
  private readonly more = h("button", { type: "button", class: "more", text: "Show more" });
  private readonly news = h("p", { class: "visually-hidden", role: "status" });
  private readonly cards = new Map<string, JobCard>();
  private readonly uploads = new Map<number, UploadCard>();
  private historyShown = historyStep;
  private ended = 0;
  private scheduled = false;
  private current: string | undefined;

  constructor(state: State, uploader: Uploader, open: (job: Job) => void) {
    this.state = state;
    this.uploader = uploader;
    this.open = open;
    this.queueSection = h("section", { class: "panel", "aria-labelledby": "queue-title" }, h("h2", { id: "queue-title", text: "Queue" }), this.queue);
    this.historySection = h("section", { class: "panel", "aria-labelledby": "history-title" }, h("h2", { id: "history-title", text: "Songs" }), this.history, this.more);
    this.more.addEventListener("click", () => void this.showMore());
    this.element = h("div", { class: "lists" }, this.queueSection, this.historySection, this.news);
    state.on("jobs", () => this.schedule());
    uploader.addEventListener("change", () => this.schedule());
    this.render();
  }

  /** Marks the job that is open in the player. */
  setCurrent(id: string | undefined): void {
    this.current = id;
    this.render();
  }

  /** Events come in bursts; once a frame is enough. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.render();
    }, 30);
  }

  private async showMore(): Promise<void> {
    this.historyShown += historyStep;
    if (this.ended < this.historyShown) await attempt(() => this.state.loadOlder());
    this.schedule();
  }

  private render(): void {
    const focused = document.activeElement as HTMLElement;
    const card = [...this.cards.values()].find(({ element }) => element.contains(focused));
    this.arrangeLists();
    if (!card || (document.activeElement === focused && isSeen(focused))) return;
    // Moving or hiding an element takes the focus from it; somebody at the keyboard would have to start anew.
    if (card.element.isConnected) card.focusNextTo(focused);
    else this.element.closest<HTMLElement>("#songs")?.focus({ preventScroll: true });
  }

  private arrangeLists(): void {
    const jobs = [...this.state.jobs.values()];
    const running = jobs.filter((job) => job.state === "running").sort((a, b) => (b.progress?.fraction ?? 0) - (a.progress?.fraction ?? 0));
    const queued = jobs.filter((job) => job.state === "queued").sort((a, b) => a.order - b.order || a.created.localeCompare(b.created));
    const ended = jobs.filter((job) => job.state !== "running" && job.state !== "queued")
      .sort((a, b) => (b.finished ?? "").localeCompare(a.finished ?? ""));
    for (const [id, card] of this.cards) {
      if (!this.state.jobs.has(id)) {
        card.element.remove();
        this.cards.delete(id);
      }
    }
    for (const [key, card] of this.uploads) {
      if (!this.uploader.pending.has(key)) {
        card.element.remove();
        this.uploads.delete(key);
      }
    }
    arrange(this.queue, [
      ...running.map((job) => this.card(job, undefined, undefined)),
      ...queued.map((job, i) => this.card(job, queued[i - 1], queued[i + 2] ?? (queued[i + 1] ? null : undefined), i)),
      ...[...this.uploader.pending.values()].map((upload) => this.uploadCard(upload)),
    ]);
    arrange(this.history, ended.slice(0, this.historyShown).map((job) => this.card(job, undefined, undefined)));
    this.ended = ended.length;
    this.queueSection.hidden = this.queue.childElementCount === 0;
    this.historySection.hidden = ended.length === 0 && !this.state.hasOlder;
    this.more.hidden = ended.length <= this.historyShown && !this.state.hasOlder;
  }

  private card(job: Job, before: Job | undefined, after: Job | null | undefined, place = 0): HTMLElement {
    let card = this.cards.get(job.id);
    if (!card) {
      card = new JobCard(this.open);
      this.cards.set(job.id, card);
    }
    const old = card.job;
    card.update(job, before, after, place);
    if (old && old.state !== job.state && (job.state === "done" || job.state === "failed")) {
      this.news.textContent = `${title(job.name)}: ${job.state}`;
      void this.state.refreshServer().catch(() => undefined);
    }
    if (job.id === this.current) card.element.setAttribute("aria-current", "true");
    else card.element.removeAttribute("aria-current");
    return card.element;
  }

  private uploadCard(upload: PendingUpload): HTMLElement {
    let card = this.uploads.get(upload.key);
    if (!card) {
      card = new UploadCard(upload);
      this.uploads.set(upload.key, card);
    }
    card.update(upload);
    return card.element;
  }
}

class UploadCard {
  readonly element: HTMLLIElement;
  private readonly bar: HTMLProgressElement;
  private readonly status = h("p", { class: "status" });

  constructor(upload: PendingUpload) {
    this.bar = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${upload.name}` });
    this.element = h(
      "li", { class: "job" },
      h("div", { class: "job-text" }, h("p", { class: "job-name", text: title(upload.name) }), this.status, this.bar),
      h("div", { class: "job-actions" }, iconButton("close", `Cancel the upload of ${upload.name}`, () => upload.abort.abort())),
    );
  }

  update(upload: PendingUpload): void {
    this.bar.value = upload.bytes > 0 ? upload.sent / upload.bytes : 0;
    this.status.textContent = upload.sent > 0 ? `Uploading · ${size(upload.sent)} of ${size(upload.bytes)}` : "Waits to be uploaded";
  }
}

class JobCard {
  readonly element: HTMLLIElement;
  job: Job | undefined;
  private before: Job | undefined;
  private after: Job | null | undefined;
  private readonly name: HTMLButtonElement;
  private readonly status = h("p", { class: "status" });
  private readonly warnings = h("ul", { class: "warnings" });
  private readonly bar = h("progress", { max: 1, value: 0 });
  private readonly up: HTMLButtonElement;
  private readonly down: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly retry: HTMLButtonElement;
  private readonly remove: HTMLButtonElement;

  constructor(open: (job: Job) => void) {
    this.name = h("button", { type: "button", class: "job-name", onclick: () => this.job && open(this.job) });
    this.up = iconButton("up", "Earlier", () => void this.move(this.before?.id ?? null));
    this.down = iconButton("down", "Later", () => void this.move(this.after?.id ?? null));
    this.cancel = iconButton("close", "Cancel", () => void attempt(() => api.cancel(this.job!.id)));
    this.retry = iconButton("retry", "Try again", () => void attempt(() => api.retry(this.job!.id)));
    this.remove = iconButton("trash", "Delete", () => this.delete());
    this.element = h(
      "li", { class: "job", tabindex: -1 },
      h("div", { class: "job-text" }, this.name, this.status, this.warnings, this.bar),
      h("div", { class: "job-actions" }, this.up, this.down, this.cancel, this.retry, this.remove),
    );
  }

  update(job: Job, before: Job | undefined, after: Job | null | undefined, place: number): void {
    [this.job, this.before, this.after] = [job, before, after];
    const name = title(job.name);
    this.name.textContent = name;
    this.name.disabled = !isPlayable(job);
    this.element.dataset.state = job.state;
    this.status.textContent = describe(job, place);
    const warnings = job.warnings ?? [];
    if (warnings.length !== this.warnings.children.length) this.warnings.replaceChildren(...warnings.map((text) => h("li", { text })));
    this.warnings.hidden = warnings.length === 0;
    this.bar.hidden = job.state !== "running";
    this.bar.value = job.progress?.fraction ?? 0;
    this.bar.setAttribute("aria-label", `Progress of ${name}`);
    this.up.hidden = !before;
    this.down.hidden = after === undefined;
    this.cancel.hidden = job.state !== "queued" && job.state !== "running";
    this.retry.hidden = job.state !== "failed" && job.state !== "cancelled";
    this.remove.hidden = !this.cancel.hidden;
    for (const [button, verb] of [[this.up, "Move earlier:"], [this.down, "Move later:"], [this.cancel, "Cancel"], [this.retry, "Try again:"], [this.remove, "Delete"]] as const)
      button.setAttribute("aria-label", `${verb} ${name}`);
  }

  /** Gives the focus back to a button, or to what has taken its place. */
  focusNextTo(button: HTMLElement): void {
    const moves = button === this.up || button === this.down;
    const others = moves ? [this.up, this.down, this.name] : [this.cancel, this.retry, this.name, this.remove];
    ([button, ...others].find(isSeen) ?? this.element).focus({ preventScroll: true });
  }

  private async move(before: string | null): Promise<void> {
    await attempt(() => api.move(this.job!.id, before));
  }

  private delete(): void {
    const dialog = document.createElement("dialog");
    dialog.append(
      h("h2", { text: "Delete this song?" }),
      h("p", { text: `The stems of “${title(this.job!.name)}” (${size(this.job!.bytes)}) are removed from this machine.` }),
      h(
        "form", { method: "dialog", class: "buttons" },
        h("button", { value: "no", text: "Keep" }),
        h("button", { value: "yes", class: "danger", text: "Delete" }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "yes") void attempt(() => api.remove(this.job!.id));
    });
    document.body.append(dialog);
    dialog.showModal();
  }
}

function describe(job: Job, place: number): string {
  const length = time(job.durationSeconds);
  switch (job.state) {
    case "queued":
      return `${place === 0 ? "Next" : `${place + 1}. in the queue`} · ${length} · ${settingsText(job)}`;
    case "running":
      return describeProgress(job);
    case "done":
      return [length, settingsText(job), job.timesRealTime && speed(job.timesRealTime)].filter(Boolean).join(" · ");
    case "failed":
      return job.error ?? "Failed";
    case "cancelled":
      return `Cancelled · ${length}`;
  }
}

function describeProgress(job: Job): string {
  const progress = job.progress;
  switch (progress?.step) {
    case "separating": {
      const parts = [`${Math.round(progress.fraction * 100)} %`];
      if (progress.etaSeconds !== undefined) parts.push(`${time(progress.etaSeconds + 0.99)} left`);
      if (progress.timesRealTime !== undefined) parts.push(speed(progress.timesRealTime));
      if (progress.playableFrames > 0) parts.push("playable");
      return parts.join(" · ");
    }
    case "writing":
      return "Writing the stems";
    case "ready":
      return "Ready for the engine";
    default:
      return "Decoding";
  }
}

/** Whether a control can have the focus. */
function isSeen(control: HTMLElement): boolean {
  return !control.hidden && !control.matches(":disabled");
}

/** Puts elements in order, moving only those that are out of place. */
function arrange(list: HTMLElement, wanted: HTMLElement[]): void {
  wanted.forEach((element, i) => {
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
  while (list.children.length > wanted.length) list.lastElementChild!.remove();
}
