/** Where the page is, as its address says: the songs, what adds songs, a song on its way here, or a song with one of its results. */
export type Place = { view: "songs" } | { view: "add" } | { view: "upload" } | { view: "player"; songId: string; jobId?: string };

export function readPlace(): Place {
  const [, kind, songId, jobId] = location.hash.split("/");
  if (kind === "add" || kind === "upload") return { view: kind };
  if (kind === "song" && songId) return { view: "player", songId, ...(jobId ? { jobId } : {}) };
  return { view: "songs" };
}

function addressOf(place: Place): string {
  if (place.view === "songs") return "#/";
  if (place.view === "add" || place.view === "upload") return `#/${place.view}`;
  return `#/song/${place.songId}${place.jobId ? `/${place.jobId}` : ""}`;
}

/** Writes the place into the address, as a step of the history or in the place of the last one. */
export function writePlace(place: Place, replace: boolean): void {
  const address = addressOf(place);
  if (location.hash === address) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}
