import { api, ApiError } from "./api";
import type { Job, JobSettings } from "./contract";
import { type Place, readPlace, writePlace } from "./router";
import { State } from "./state";
import { AddView } from "./ui/add-view";
import { deviceName } from "./ui/devices";
import { h, toast } from "./ui/dom";
import { LibraryView } from "./ui/library-view";
import { PlayerView } from "./ui/player-view";
import { QueueView } from "./ui/queue-view";
import { applyTheme } from "./ui/theme";
import { connectionNotice, tabs, TopBar } from "./ui/top-bar";
import { type PendingUpload, Uploader } from "./upload";

applyTheme();
const state = new State();
const main = document.getElementById("main")!;

/** The token comes in the address's fragment, which no server sees; it goes from there as soon as it is read. */
async function takeToken(): Promise<void> {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token"), code = fragment.get("pair");
  if (!token && !code) return;
  history.replaceState(null, "", location.pathname);
  try {
    await letIn(token ?? code!);
  } catch (error) {
    toast(error instanceof Error ? error.message : `${error}`, "error");
  }
}

/** With the token, or with the eight digits that the page on the server's own computer shows. */
async function letIn(secret: string): Promise<void> {
  if (/^[\d\s]{8,}$/.test(secret)) await api.pair(secret, deviceName());
  else await api.signIn(secret);
}

function showSignIn(): void {
  const input = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
  const form = h(
    "form", { class: "panel sign-in" },
    h("h1", { text: "Whose songs are these?" }),
    h("p", { text: "Open the address that “stemsharp serve” printed when it started, or paste the token from it. On a phone, type the code that the computer shows under Settings, Other devices." }),
    h("label", { for: "token", text: "Token or code" }),
    input,
    h("button", { class: "primary", type: "submit", text: "Open" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    letIn(input.value.trim().replace(/^.*token=/, "")).then(start, (error: Error) => toast(error.message, "error"));
  });
  main.replaceChildren(form);
}

async function start(): Promise<void> {
  try {
    await state.start();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return showSignIn();
    toast(error instanceof Error ? error.message : `${error}`, "error");
    return;
  }
  document.querySelector<HTMLElement>(".skip")!.hidden = false;
  new App();
}

/** The page once it is let in: which of its parts are seen, and what they tell each other. */
class App {
  private readonly uploader = new Uploader();
  private readonly player = new PlayerView(state, () => history.back(), () => this.go({ view: "songs" }, true), () => this.search());
  private readonly add = new AddView(state, this.uploader, (upload, settings) => this.begun(upload, settings), (job, upload) => this.opened(job, upload));
  private readonly queue = new QueueView(state, this.uploader, (id) => this.go({ view: "player", songId: id }));
  private readonly library = new LibraryView(state, (id) => this.go({ view: "player", songId: id }));
  private readonly songs = h("section", { id: "songs", "aria-label": "Library", tabindex: "-1" }, this.library.element, this.queue.element);
  private readonly stage = h("div", { id: "stage" });
  private readonly topBar = new TopBar(state, () => this.go({ view: "songs" }), () => this.go({ view: "add" }), () => this.goToPlayer());
  private place: Place = readPlace();
  private scheduled = false;
  private refreshed: string | undefined;

  constructor() {
    this.stage.append(this.add.element, this.player.element);
    main.replaceChildren(this.songs, this.stage);
    document.getElementById("top")!.replaceChildren(this.topBar.element);
    document.body.append(
      tabs({ songs: () => this.go({ view: "songs" }), add: () => this.go({ view: "add" }), player: () => this.goToPlayer() }),
      connectionNotice(state),
    );
    addEventListener("popstate", () => this.show(readPlace(), true));
    state.on("jobs", () => this.schedule());
    state.on("models", () => this.schedule());
    this.uploader.addEventListener("change", () => {
      this.player.showUpload();
      this.schedule();
    });
    this.update();
  }

  /** A song that was dropped here is shown at once, with lanes that wait for its sound, unless somebody listens to another one. */
  private begun(upload: PendingUpload, settings: JobSettings): void {
    if (this.place.view === "player" || this.player.upload) return;
    this.player.openUpload(upload, settings);
    this.go({ view: "upload" }, false, false);
  }

  /** It has come, and has an address now. */
  private opened(job: Job, upload: PendingUpload): void {
    if (this.player.upload !== upload) return;
    state.put(job);
    if (this.place.view === "upload") this.go({ view: "player", songId: job.songId }, true, false);
    else this.player.open(job.songId);
  }

  private goToPlayer(): void {
    if (this.player.upload) this.go({ view: "upload" });
    else if (this.player.openSong) this.go({ view: "player", songId: this.player.openSong });
  }

  private go(place: Place, replace = false, focus = true): void {
    writePlace(place, replace);
    this.show(place, focus);
  }

  private show(place: Place, focus: boolean): void {
    this.place = place;
    // An address of a song that was on its way here when the page was left.
    if (place.view === "upload" && !this.player.upload) return this.go({ view: "add" }, true);
    if (place.view === "player" && !this.player.open(place.songId, place.jobId)) {
      // Until the server has told of all songs, it may be among those that are to come.
      if (state.isComplete) {
        toast("That song is not here any more.");
        return this.go({ view: "songs" }, true);
      }
    }
    this.render();
    if (place.view === "songs" && focus) this.songs.focus({ preventScroll: true });
    if (place.view === "player" || place.view === "upload") {
      this.stage.scrollTop = 0;
      if (focus) this.player.focus();
    }
  }

  /** Events come in bursts; once in a while is enough. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.update();
    }, 30);
  }

  private update(): void {
    this.queue.render();
    this.library.render(this.queue.isBusy);
    const { upload } = this.player;
    if (upload && !this.uploader.pending.has(upload.key)) {
      // It was given up, or refused.
      this.player.close();
      if (this.place.view === "upload") this.go({ view: "add" }, true);
    }
    if (this.place.view === "player" && this.player.openSong !== this.place.songId && state.known) this.show(this.place, false);
    else this.render();
    const ended = [...state.jobs.values()].filter((job) => job.state === "done" || job.state === "failed").map((job) => job.id + job.state).join();
    if (state.known && ended !== this.refreshed) {
      // What has ended says how fast its model is, and takes disk.
      if (this.refreshed !== undefined) {
        void state.refreshServer().catch(() => undefined);
        void state.refreshModels().catch(() => undefined);
      }
      this.refreshed = ended;
    }
  }

  /** Shows what the place and the songs ask for. */
  private render(): void {
    const { view } = this.place;
    main.hidden = !state.known;
    const empty = state.known && state.jobs.size === 0 && !this.queue.isBusy;
    // What stays and moves aside would be seen to jump: it is away for a picture and comes back in its new place.
    const moves = !empty && main.classList.contains("empty");
    main.classList.toggle("empty", empty);
    if (moves) {
      this.stage.hidden = true;
      requestAnimationFrame(() => requestAnimationFrame(() => (this.stage.hidden = false)));
    }
    main.dataset.view = empty && view === "songs" ? "add" : view === "upload" ? "player" : view;
    const open = view === "upload" ? this.player.upload !== undefined : this.player.openSong !== undefined && view === "player";
    this.player.element.hidden = !open;
    this.add.element.hidden = open || !state.known;
    if (!open && this.player.openSong && !state.jobsOf(this.player.openSong).length) this.player.close();
    this.library.setCurrent(this.player.openSong);
    // A song that plays on while something else is seen is a click away.
    this.topBar.showNow(open ? "" : this.player.title);
    document.title = open ? `${this.player.title} – Stemsharp` : "Stemsharp";
    for (const tab of document.querySelectorAll<HTMLButtonElement>(".tabs button")) {
      if (tab.dataset.tab === main.dataset.view) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
      if (tab.dataset.tab === "player") tab.disabled = this.player.openSong === undefined && this.player.upload === undefined;
    }
  }

  private search(): void {
    if (matchMedia("(max-width: 62rem)").matches) this.go({ view: "songs" });
    this.library.focusSearch();
  }
}

void takeToken().then(start);
