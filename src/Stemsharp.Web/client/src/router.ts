/** Where the page is, as its address says: the songs, what adds songs, or a song with one of its results. */
export type Place = { view: "songs" } | { view: "add" } | { view: "player"; songId: string; jobId?: string };

export function readPlace(): Place {
  const [, kind, songId, jobId] = location.hash.split("/");
  if (kind === "add") return { view: "add" };
  if (kind === "song" && songId) return { view: "player", songId, ...(jobId ? { jobId } : {}) };
  return { view: "songs" };
}

function addressOf(place: Place): string {
  if (place.view === "songs") return "#/";
  if (place.view === "add") return "#/add";
  return `#/song/${place.songId}${place.jobId ? `/${place.jobId}` : ""}`;
}

/** Writes the place into the address, as a step of the history or in the place of the last one. */
export function writePlace(place: Place, replace: boolean): void {
  const address = addressOf(place);
  if (location.hash === address) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}
