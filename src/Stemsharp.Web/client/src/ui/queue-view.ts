import { api } from "../api";
import type { Job, Model } from "../contract";
import { about, settingsText, size, songTitle, speed, time, title } from "../format";
import { expectedSeconds } from "../presets";
import { isPlayable, type State } from "../state";
import type { PendingUpload, Uploader } from "../upload";
import { licence } from "./add-view";
import { arrange, attempt, h, icon, iconButton } from "./dom";

/** What is under way: songs at work, songs in the queue, songs that wait for a model, uploads. */
export class QueueView {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly uploader: Uploader;
  private readonly open: (songId: string) => void;
  private readonly list = h("ol", { class: "jobs queue" });
  private readonly total = h("p", { class: "hint" });
  private readonly cards = new Map<string, JobCard>();
  private readonly waits = new Map<string, WaitingCard>();
  private readonly uploads = new Map<number, UploadCard>();
  private queued: Job[] = [];

  constructor(state: State, uploader: Uploader, open: (songId: string) => void) {
    this.state = state;
    this.uploader = uploader;
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
    const inOrder = jobs.filter((job) => job.state === "queued").sort((a, b) => a.order - b.order || a.created.localeCompare(b.created));
    this.queued = inOrder.filter((job) => !job.waitsForModel);
    const { queued } = this, waiting = inOrder.filter((job) => job.waitsForModel);
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
    const { pending } = this.uploader;
    for (const key of this.uploads.keys()) if (!pending.has(key)) this.uploads.delete(key);
    for (const id of this.waits.keys()) if (!waiting.some((job) => job.id === id)) this.waits.delete(id);
    arrange(this.list, [
      ...running.map((job) => this.card(job, (card) => card.update(job, describeProgress(job)))),
      ...queued.map((job, i) => this.card(job, (card) => {
        const [wait, own] = waits[i]!;
        const place = i === 0 ? "Next" : wait === undefined ? `${i + 1}. in the queue` : `Starts in ${about(wait)}`;
        card.update(job, [place, own === undefined ? time(job.durationSeconds) : `takes ${about(own)}`, settingsText(job)].join(" · "),
          queued[i - 1], queued[i + 2] ?? (queued[i + 1] ? null : undefined));
      })),
      ...waiting.map((job) => {
        const card = kept(this.waits, job.id, () => new WaitingCard(job, this.state, this.open));
        card.update(job);
        return card.element;
      }),
      ...[...pending.values()].map((upload) => {
        const card = kept(this.uploads, upload.key, () => new UploadCard(upload));
        card.update();
        return card.element;
      }),
    ]);
  }

  private seconds(job: Job): number | undefined {
    return expectedSeconds(job.durationSeconds, this.state.model(job.settings.model), job.settings);
  }

  private card(job: Job, update: (card: JobCard) => void): HTMLElement {
    const card = kept(this.cards, job.id, () => new JobCard(this.open, (id, event) => this.drag(id, event)));
    update(card);
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
  private readonly state: State;
  private readonly name: HTMLButtonElement;
  private readonly bar = h("progress", { max: 1, value: 0 });
  private readonly status = h("p", { class: "status" });
  private readonly licence = h("p", { class: "status" });
  private readonly again: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;

  constructor(job: Job, state: State, open: (songId: string) => void) {
    this.state = state;
    this.name = h("button", { type: "button", class: "job-name", onclick: () => open(job.songId) });
    this.again = iconButton("retry", "", () => fetchModel(job, state));
    this.cancel = iconButton("close", "", () => void attempt(async () => {
      await api.remove(job.id);
      // Nothing was made of it, so that there is nothing to keep, unless something else was.
      if (!this.state.jobsOf(job.songId).some((other) => other.id !== job.id)) await api.dropSong(job.songId).catch(() => undefined);
    }));
    this.element = h(
      "li", { class: "job", "data-state": "waiting" },
      h("div", { class: "job-text" }, this.name, this.status, this.licence, this.bar),
      h("div", { class: "job-actions" }, this.again, this.cancel),
    );
  }

  update(job: Job): void {
    const model = this.state.model(job.settings.model);
    const failed = model?.download?.error;
    const name = songTitle(job);
    this.name.textContent = name;
    this.status.textContent = describeWaiting(job, model);
    this.status.classList.toggle("error", failed !== undefined);
    if (model) this.licence.replaceChildren(...licence(model));
    this.bar.hidden = failed !== undefined;
    this.bar.value = model?.download?.fraction ?? 0;
    this.bar.setAttribute("aria-label", `Download of ${job.settings.model}`);
    this.again.hidden = failed === undefined;
    this.again.setAttribute("aria-label", `Download again for ${name}`);
    this.cancel.setAttribute("aria-label", `Cancel ${name}`);
  }
}

/** What a song waits for whose model is not here yet, in words. */
export function describeWaiting(job: Job, model: Model | undefined): string {
  const { download, downloadBytes } = model ?? {};
  if (download?.error) return download.error;
  return [`Waits for ${job.settings.model}`, downloadBytes && size(downloadBytes), download && `${Math.round(download.fraction * 100)} % downloaded`].filter(Boolean).join(" · ");
}

/** Starts the download that a song waits for once more. */
export function fetchModel(job: Job, state: State): void {
  void attempt(() => api.download(job.settings.model!)).then((started) => {
    // An event may have come before this answer, and is later than it.
    const now = started && state.model(started.name);
    if (now && !now.installed && (!now.download || now.download.error)) state.takeModel(started);
  });
}

/** What a map has for a key, made where it has nothing. */
function kept<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
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
