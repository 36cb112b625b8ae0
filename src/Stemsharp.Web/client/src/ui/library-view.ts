import { api } from "../api";
import type { Job } from "../contract";
import { plural, settingsText, size, time } from "../format";
import type { SongEntry, State } from "../state";
import { arrange, ask, attempt, h, icon, iconButton, menu } from "./dom";

type Sorting = "newest" | "title" | "artist" | "length";

const sortings: [Sorting, string][] = [["newest", "Newest first"], ["title", "By title"], ["artist", "By artist"], ["length", "By length"]];
/** Rows that are kept beyond the edges of what is seen. */
const spare = 6;

/** The songs that something was made of, one row each. Only the rows that are seen are in the page, however many songs there are. */
export class LibraryView {
  readonly element: HTMLElement;
  private readonly state: State;
  private readonly open: (songId: string) => void;
  private readonly search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search songs", autocomplete: "off" });
  private readonly sorting = h("select", { "aria-label": "Order of songs" }, ...sortings.map(([value, text]) => h("option", { value, text })));
  private readonly selecting = h("button", { type: "button", text: "Select", "aria-pressed": "false", onclick: () => this.select(!this.selected) });
  private readonly count = h("p", { class: "hint", role: "status" });
  private readonly bar: HTMLElement;
  private readonly chosen = h("p", { role: "status" });
  private readonly list = h("ul", { class: "song-rows" });
  private readonly scroller = h("div", { class: "song-scroll" }, this.list);
  private readonly rows = new Map<string, SongRow>();
  private songs: SongEntry[] = [];
  private selected: Set<string> | undefined;
  private current: string | undefined;
  private lastChosen = -1;
  private painting = false;
  private busy = false;

  constructor(state: State, open: (songId: string) => void) {
    this.state = state;
    this.open = open;
    this.sorting.value = localStorage.getItem("sorting") ?? "newest";
    this.sorting.addEventListener("change", () => {
      localStorage.setItem("sorting", this.sorting.value);
      this.render(this.busy);
    });
    this.search.addEventListener("input", () => {
      this.scroller.scrollTop = 0;
      this.render(this.busy);
    });
    this.scroller.addEventListener("scroll", () => this.schedulePaint(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.takeKey(event));
    new ResizeObserver(() => this.schedulePaint()).observe(this.scroller);
    this.bar = h(
      "div", { class: "selection" }, this.chosen,
      h("button", { type: "button", text: "All", onclick: () => this.selectAll() }),
      h("button", { type: "button", class: "danger", text: "Delete …", onclick: () => void this.delete(this.songs.filter((song) => this.selected?.has(song.id))) }),
    );
    this.bar.hidden = true;
    this.element = h(
      "section", { class: "panel library", "aria-labelledby": "history-title" },
      h("div", { class: "panel-head" }, h("h2", { id: "history-title", text: "Songs" }), this.count, this.selecting),
      h("div", { class: "library-tools" }, this.search, this.sorting),
      this.bar, this.scroller,
    );
  }

  focusSearch(): void {
    this.search.focus();
  }

  /** Marks the song that is open in the player. */
  setCurrent(id: string | undefined): void {
    this.current = id;
    this.paint();
  }

  /** `busy` while something is under way: then the list has its place before its first song is done. */
  render(busy: boolean): void {
    this.busy = busy;
    const all = [...this.state.songs().values()].filter((song) => song.jobs.some(hasEnded));
    const words = this.search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    this.songs = all.filter((song) => {
      const text = `${song.title} ${song.artist} ${song.jobs.map(settingsText).join(" ")}`.toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.songs.sort(order(this.sorting.value as Sorting));
    this.element.hidden = all.length === 0 && !busy;
    this.element.classList.toggle("none", all.length === 0);
    this.count.textContent = all.length === 0 ? "None is done yet" : words.length > 0 ? `${this.songs.length.toLocaleString("en")} of ${plural(all.length, "song")}` : plural(all.length, "song");
    if (this.selected) for (const id of this.selected) if (!all.some((song) => song.id === id)) this.selected.delete(id);
    this.paint();
  }

  private schedulePaint(): void {
    if (this.painting) return;
    this.painting = true;
    requestAnimationFrame(() => {
      this.painting = false;
      this.paint();
    });
  }

  /** Puts the rows into the page that are seen, with a few around them and the one that has the focus. */
  private paint(): void {
    const height = parseFloat(getComputedStyle(this.list).getPropertyValue("--row")) * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / height) - spare);
    const last = Math.min(this.songs.length, Math.ceil((scrollTop + clientHeight) / height) + spare);
    this.list.style.height = `${this.songs.length * height}px`;
    const shown = new Set<number>();
    for (let i = first; i < last; i++) shown.add(i);
    const focused = this.songs.findIndex((song) => this.rows.get(song.id)?.element.contains(document.activeElement));
    if (focused >= 0) shown.add(focused);
    const ids = new Set([...shown].map((i) => this.songs[i]!.id));
    for (const id of this.rows.keys()) if (!ids.has(id)) this.rows.delete(id);
    arrange(this.list, [...shown].sort((a, b) => a - b).map((i) => {
      const song = this.songs[i]!;
      let row = this.rows.get(song.id);
      if (!row) this.rows.set(song.id, (row = new SongRow((event) => this.click(song.id, event), () => this.showMenu(song.id))));
      row.update(song, i, this.songs.length, height, song.id === this.current, this.selected?.has(song.id));
      return row.element;
    }));
    this.bar.hidden = !this.selected;
    this.chosen.textContent = this.selected ? `${plural(this.selected.size, "song")} selected` : "";
  }

  /** Arrow keys go from song to song, also to those that are not in the page yet. */
  private takeKey(event: KeyboardEvent): void {
    const at = this.songs.findIndex((song) => this.rows.get(song.id)?.element.contains(event.target as Node));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.songs.length - 1 }[event.key];
    if (at < 0 || to === undefined || to < 0 || to >= this.songs.length) return;
    event.preventDefault();
    event.stopPropagation();
    const height = this.list.offsetHeight / this.songs.length;
    const { scroller } = this;
    if (to * height < scroller.scrollTop) scroller.scrollTop = to * height;
    if ((to + 1) * height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = (to + 1) * height - scroller.clientHeight;
    this.paint();
    this.rows.get(this.songs[to]!.id)?.focus();
  }

  private click(id: string, event: MouseEvent): void {
    const at = this.songs.findIndex((song) => song.id === id);
    if (!this.selected && (event.ctrlKey || event.metaKey || event.shiftKey)) this.select(true);
    if (!this.selected) return this.open(id);
    const selected = this.selected;
    if (event.shiftKey && this.lastChosen >= 0) {
      for (let i = Math.min(at, this.lastChosen); i <= Math.max(at, this.lastChosen); i++) selected.add(this.songs[i]!.id);
    } else if (!selected.delete(id)) selected.add(id);
    this.lastChosen = at;
    this.paint();
  }

  private select(on: boolean): void {
    this.selected = on ? new Set() : undefined;
    this.lastChosen = -1;
    this.selecting.textContent = on ? "Done" : "Select";
    this.selecting.setAttribute("aria-pressed", `${on}`);
    this.paint();
  }

  private selectAll(): void {
    this.selected = new Set(this.selected?.size === this.songs.length ? [] : this.songs.map((song) => song.id));
    this.paint();
  }

  private showMenu(id: string): void {
    const song = this.state.songs().get(id);
    if (!song) return;
    const failed = song.jobs.find((job) => job.state === "failed" || job.state === "cancelled");
    void menu(song.title, [
      { label: "Open", icon: "play", run: () => this.open(id) },
      { label: "Rename …", icon: "note", run: () => void rename(song) },
      ...(failed ? [{ label: "Try again", icon: "retry", run: () => void attempt(() => api.retry(failed.id)) }] : []),
      { label: "Delete …", icon: "trash", danger: true, run: () => void this.delete([song]) },
    ]);
  }

  private async delete(songs: SongEntry[]): Promise<void> {
    if (songs.length === 0 || !(await confirmDelete(songs))) return;
    await attempt(async () => {
      for (const song of songs) {
        for (const job of this.state.jobsOf(song.id)) await api.remove(job.id);
        // A job that runs is stopped first, and keeps its song until it has.
        await api.dropSong(song.id).catch(() => undefined);
      }
    });
    if (this.selected) this.select(false);
    void this.state.refreshServer().catch(() => undefined);
  }
}

class SongRow {
  readonly element: HTMLLIElement;
  private readonly cover = h("span", { class: "cover", "aria-hidden": "true" });
  private readonly name: HTMLButtonElement;
  private readonly facts = h("p", { class: "status" });
  private readonly badges = h("p", { class: "badges" });
  private readonly more: HTMLButtonElement;
  private shown = "";

  constructor(click: (event: MouseEvent) => void, more: () => void) {
    this.name = h("button", { type: "button", class: "job-name", onclick: click });
    this.more = iconButton("dots", "More", more);
    this.element = h("li", { class: "job song" }, this.cover, h("div", { class: "job-text" }, this.name, this.facts), this.badges, h("div", { class: "job-actions" }, this.more));
  }

  focus(): void {
    this.name.focus({ preventScroll: true });
  }

  update(song: SongEntry, place: number, of: number, height: number, current: boolean, selected: boolean | undefined): void {
    const { element } = this;
    element.style.transform = `translateY(${place * height}px)`;
    element.setAttribute("aria-posinset", `${place + 1}`);
    element.setAttribute("aria-setsize", `${of}`);
    if (current) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
    const ended = song.jobs.filter(hasEnded);
    const best = ended.find((job) => job.state === "done") ?? ended[0]!;
    element.dataset.state = best.state;
    if (selected === undefined) this.name.removeAttribute("aria-pressed");
    else this.name.setAttribute("aria-pressed", `${selected}`);
    element.classList.toggle("selected", selected === true);
    const key = JSON.stringify([song.title, song.artist, song.hasCover, ended.map((job) => [job.id, job.state, job.warnings?.length])]);
    if (key === this.shown) return;
    this.shown = key;
    this.name.textContent = song.title;
    this.more.setAttribute("aria-label", `More about ${song.title}`);
    const state = best.state === "failed" ? (best.error ?? "Failed") : best.state === "cancelled" ? "Cancelled" : "";
    this.facts.textContent = [song.artist, time(song.durationSeconds), state, best.warnings && "has a warning"].filter(Boolean).join(" · ");
    this.facts.title = state;
    const done = [...new Set(ended.filter((job) => job.state === "done").map(settingsText))];
    this.badges.replaceChildren(...done.map((text) => h("span", { class: "tag", text, title: text })));
    this.cover.replaceChildren(song.hasCover ? h("img", { src: api.coverAddress(song.id), alt: "", loading: "lazy", width: 44, height: 44 }) : icon("note"));
    this.cover.style.setProperty("--hue", `${hue(song.id)}`);
  }
}

/** Asks for a song's title and artist. */
export async function rename(song: SongEntry): Promise<void> {
  const name = h("input", { type: "text", id: "song-title", value: song.title, maxlength: 255 });
  const artist = h("input", { type: "text", id: "song-artist", value: song.artist, maxlength: 255 });
  const answer = await ask(
    "Rename", [h("label", { for: "song-title", text: "Title" }), name, h("label", { for: "song-artist", text: "Artist" }), artist],
    [h("button", { value: "", text: "Cancel" }), h("button", { value: "yes", class: "primary", text: "Save" })],
  );
  if (answer === "yes") await attempt(() => api.changeNotes(song.id, { title: name.value.trim(), artist: artist.value.trim() }));
}

/** Says exactly what goes. */
async function confirmDelete(songs: SongEntry[]): Promise<boolean> {
  const jobs = songs.flatMap((song) => song.jobs);
  const sources = await Promise.all(songs.slice(0, 50).map((song) => api.song(song.id).catch(() => undefined)));
  const own = sources.reduce((sum, source) => sum + (source?.bytes ?? 0), 0);
  const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
  const lines = songs.slice(0, 6).map((song) => {
    const results = song.jobs.map((job) => settingsText(job)).join("; ");
    return h("li", {}, h("strong", { text: song.title }), ` – ${results}`);
  });
  if (songs.length > 6) lines.push(h("li", { text: `and ${plural(songs.length - 6, "more song")}` }));
  const stems = jobs.reduce((sum, job) => sum + (job.audio?.stems.length ?? 0), 0);
  const answer = await ask(
    songs.length === 1 ? "Delete this song?" : `Delete ${songs.length} songs?`,
    [
      h("ul", { class: "deleted" }, ...lines),
      h("p", { text: `${plural(stems, "stem")} of ${plural(jobs.length, "result")} (${size(bytes)}) and the ${songs.length === 1 ? "copy of the song" : "copies of the songs"} that the page has (${size(own)}${songs.length > 50 ? " and more" : ""}), with names, levels and markers, are removed from this computer. Your own files stay.` }),
    ],
    [h("button", { value: "", text: "Keep" }), h("button", { value: "yes", class: "danger", text: "Delete" })],
  );
  return answer === "yes";
}

const hasEnded = (job: Job) => job.state !== "running" && job.state !== "queued";

function order(sorting: Sorting): (a: SongEntry, b: SongEntry) => number {
  const byTitle = (a: SongEntry, b: SongEntry) => collator.compare(a.title, b.title);
  switch (sorting) {
    case "title":
      return byTitle;
    case "artist":
      return (a, b) => collator.compare(a.artist || "\uffff", b.artist || "\uffff") || byTitle(a, b);
    case "length":
      return (a, b) => a.durationSeconds - b.durationSeconds || byTitle(a, b);
    default:
      return (a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0);
  }
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** A colour of its own for a song without a picture. */
function hue(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 360;
  return sum;
}
