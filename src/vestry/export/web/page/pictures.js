// Pictures on their way to the model: as they are, since they go nowhere.

export const readied = async (file) => ({ blob: file, note: "" });

// The bytes of a data URL; fetching one is against the page's content policy.
export function blobOf(url) {
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
