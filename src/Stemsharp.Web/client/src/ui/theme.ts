export type Theme = "auto" | "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Says that colours have changed, to what is painted by hand. */
export const themeChanged = new EventTarget();

export const chosenTheme = (): Theme => (localStorage.getItem("theme") as Theme | null) ?? "auto";

export function setTheme(theme: Theme): void {
  localStorage.setItem("theme", theme);
  applyTheme();
}

export function applyTheme(): void {
  const theme = chosenTheme();
  document.documentElement.dataset.theme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  themeChanged.dispatchEvent(new Event("change"));
}

dark.addEventListener("change", applyTheme);
