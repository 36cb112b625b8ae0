import { api } from "../api";
import type { LanState } from "../contract";
import { attempt, h } from "./dom";

/** Lets phones and other devices of the network in: a switch, an address as text and as a picture, a code, and who was let in. */
export function devicesSection(): HTMLElement {
  const box = h("input", { type: "checkbox", role: "switch" });
  const how = h("div", { class: "pairing" });
  const known = h("ul", { class: "models" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const element = h(
    "section", { class: "devices" },
    h("h3", { text: "Other devices" }),
    h("label", { class: "check" }, box, h("span", { text: "Let phones and tablets of this network in" })),
    how, known,
  );
  const refresh = () => void api.lan().then(show, () => undefined);
  const show = (state: LanState) => {
    clearTimeout(timer);
    if (!element.isConnected && element.dataset.shown) return;
    element.dataset.shown = "yes";
    box.checked = state.on;
    const [address] = state.addresses;
    how.replaceChildren(...(!state.on ? [] : !address ? [h("p", { class: "error", text: "This computer is in no network." })] : [
      h("img", { src: api.qrAddress(state.code!), alt: "QR code of the page's address for other devices", width: 164, height: 164 }),
      h("div", {},
        h("p", {}, "Point the phone's camera here, or open ", h("strong", { text: address }), " on it and type the code"),
        h("p", { class: "code", text: state.code!.replace(/(....)/, "$1 ") }),
        h("p", { class: "hint", text: "A code lets one device in and changes every five minutes. The connection is encrypted with a certificate of this computer's own, so the phone asks once whether to go on." }),
      ),
    ]));
    known.replaceChildren(...state.devices.map((device) => h(
      "li", {}, h("span", { text: `${device.name}, since ${new Date(device.created).toLocaleDateString()}` }),
      h("button", { type: "button", onclick: () => void attempt(() => api.revokeDevice(device.id)).then(refresh) }, "Shut out ", h("span", { class: "visually-hidden", text: device.name })),
    )));
    // The code runs out, and somebody may be let in meanwhile.
    if (state.on) timer = setTimeout(refresh, 3000);
  };
  box.addEventListener("change", () => void attempt(() => api.changeLan(box.checked)).then((state) => (state ? show(state) : refresh())));
  refresh();
  return element;
}

/** What this device is called in the list of those that were let in. */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const kind = /iPhone/.test(agent) ? "iPhone" : /iPad/.test(agent) ? "iPad" : /Android/.test(agent) ? (/Mobile/.test(agent) ? "Android phone" : "Android tablet")
    : /Mac OS/.test(agent) ? "Mac" : /Windows/.test(agent) ? "Windows computer" : "Device";
  const browser = /Firefox/.test(agent) ? "Firefox" : /Edg/.test(agent) ? "Edge" : /Chrome/.test(agent) ? "Chrome" : /Safari/.test(agent) ? "Safari" : "";
  return browser ? `${kind}, ${browser}` : kind;
}
