import { api, ApiError } from "./api";
import type { Job } from "./contract";
import { isPlayable, State } from "./state";
import { AddPanel } from "./ui/add-panel";
import { h, toast } from "./ui/dom";
import { JobLists } from "./ui/job-lists";
import { PlayerView } from "./ui/player-view";
import { applyTheme, TopBar } from "./ui/top-bar";

applyTheme();
const state = new State();
const main = document.getElementById("main")!;
/** How far the songs were scrolled when the player took their place. */
let songsAt = 0;

async function signIn(token: string): Promise<void> {
  await api.signIn(token);
}

/** The token comes in the address's fragment, which no server sees; it goes from there as soon as it is read. */
async function takeToken(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  try {
    await signIn(token);
  } catch (error) {
    toast(error instanceof Error ? error.message : `${error}`, "error");
  }
}

function showSignIn(): void {
  const input = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
  const form = h(
    "form", { class: "panel sign-in" },
    h("h1", { text: "Whose songs are these?" }),
    h("p", { text: "Open the address that “stemsharp serve” printed when it started, or paste the token from it." }),
    h("label", { for: "token", text: "Token" }),
    input,
    h("button", { class: "primary", type: "submit", text: "Open" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(input.value.trim().replace(/^.*token=/, "")).then(start, (error: Error) => toast(error.message, "error"));
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
  // Jobs of which the first that can be played is opened, unless another one is open: what was dropped here, and what
  // was open until it was cancelled or begun anew.
  const awaited = new Set<string>();
  const player = new PlayerView(state, () => show("songs"), (jobId) => {
    if (state.jobs.has(jobId)) awaited.add(jobId);
    lists.setCurrent(undefined);
    if (main.dataset.view === "player") show("songs", player.element.contains(document.activeElement));
  });
  const add = new AddPanel(state, (job) => awaited.add(job.id));
  const open = (job: Job, focus: boolean) => {
    awaited.clear();
    player.open(job, focus);
    lists.setCurrent(job.id);
  };
  const lists = new JobLists(state, add.uploader, (job) => {
    show("player");
    open(job, true);
  });
  state.on("jobs", () => {
    if (player.isOpen) return;
    const playable = [...awaited].map((id) => state.jobs.get(id)).find((job) => job && isPlayable(job));
    if (playable) open(playable, false);
  });
  main.replaceChildren(
    h("section", { id: "songs", "aria-label": "Library", tabindex: "-1" }, add.element, lists.element),
    player.element,
  );
}

/** Which half is seen where there is no room for both: the player from its top, the songs where they were left. */
function show(view: "songs" | "player", focus = true): void {
  const [songs, player] = [document.getElementById("songs"), document.getElementById("player")];
  if (main.dataset.view === "songs") songsAt = scrollY;
  main.dataset.view = view;
  const alone = songs?.offsetParent === null || player?.offsetParent === null;
  if (alone) scrollTo(0, view === "songs" ? songsAt : 0);
  if (view === "songs" && focus) songs?.focus({ preventScroll: true });
}

document.getElementById("top")!.append(new TopBar(state).element);
show("songs");
void takeToken().then(start);
