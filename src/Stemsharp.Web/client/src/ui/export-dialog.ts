import { api, type ExportForm } from "../api";
import type { LaneLevel } from "../audio/player";
import type { Job } from "../contract";
import { time } from "../format";
import { ask, h } from "./dom";

const depths: [string, string][] = [["pcm16", "16 bit"], ["pcm24", "24 bit"], ["float32", "32 bit float"]];

/** What can be taken home of a result: its stems, the mix that is heard, the instrumental; in which form, and how much of the song. */
export async function showExport(job: Job, encoders: readonly string[], heard: readonly LaneLevel[], loop: { from: number; to: number } | undefined): Promise<void> {
  const { stems, sampleRate } = job.audio!;
  const voice = stems.indexOf("vocals");
  const hasInstrumental = voice >= 0 && stems.length > 1;
  const what = select("export-what", "What", [
    ["stems", `All ${stems.length} stems, as a zip file`], ["mix", "This mix, as you hear it"],
    ...(hasInstrumental ? [["instrumental", "Instrumental: everything but the vocals"] as [string, string]] : []),
  ]);
  const format = select("export-format", "Format", encoders.map((name) => [name, name.toUpperCase()]));
  const depth = select("export-depth", "Depth", depths);
  const only = h("input", { type: "checkbox", id: "export-loop" });
  const loopText = loop ? `Only the loop, ${time(loop.from / sampleRate)} to ${time(loop.to / sampleRate)}` : "Only the loop (none is set)";
  only.disabled = !loop;
  const go = h("a", { class: "button primary", download: true, text: "Export" });
  const own = depths.findIndex(([value]) => value === (job.settings.sampleFormat ?? "pcm16"));
  const show = () => {
    // Stems have no more bits than were made; a mix is computed anew.
    const most = what.control.value === "stems" ? own : depths.length - 1;
    [...depth.control.options].forEach((option, i) => (option.disabled = i > most));
    if (depth.control.selectedOptions[0]?.disabled !== false) depth.control.selectedIndex = most;
    depth.row.hidden = format.control.value === "mp3";
    const form: ExportForm = {
      format: format.control.value, depth: format.control.value === "mp3" ? undefined : depth.control.value,
      ...(only.checked && loop ? { from: loop.from, to: loop.to } : {}),
    };
    const gains = what.control.value === "instrumental" ? stems.map((_, i) => (i === voice ? 0 : 1)) : heard.map(({ gain }) => gain);
    const pans = what.control.value === "instrumental" ? stems.map(() => 0) : heard.map(({ pan }) => pan);
    go.href = what.control.value === "stems" ? api.zipAddress(job.id, form)
      : api.mixAddress(job.id, gains, pans, form, what.control.value === "instrumental" ? "instrumental" : undefined);
  };
  depth.control.selectedIndex = own;
  for (const control of [what.control, format.control, depth.control, only]) control.addEventListener("change", show);
  show();
  await ask(
    "Export",
    [what.row, format.row, depth.row, h("label", { class: "check" }, only, h("span", { text: loopText })), h("p", { class: "hint", text: "Files are named after the song and the stem." })],
    [h("button", { value: "", text: "Close" }), go],
  );
}

function select(id: string, label: string, options: readonly [string, string][]): { row: HTMLElement; control: HTMLSelectElement } {
  const control = h("select", { id }, ...options.map(([value, text]) => h("option", { value, text })));
  return { control, row: h("div", { class: "field" }, h("label", { for: id, text: label }), control) };
}
