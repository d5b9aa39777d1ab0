// Pictures on their way to the server: PNG and JPEG as they are, what else the browser can read as PNG.

const READ = ["image/png", "image/jpeg"];
const LARGEST = 16 * 2 ** 20; // bytes; the server takes a little more
const LONGEST = 2048; // pixels of what is made smaller here

// What a server is sent for `file`, and what was done to it, in words, where anything was.
export async function readied(file) {
  const known = READ.includes(file.type);
  if (known && file.size <= LARGEST) return { blob: file, note: "" };
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return { blob: file, note: "" }; // the server says what is wrong with it
  }
  const factor = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * factor));
  canvas.height = Math.max(1, Math.round(bitmap.height * factor));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const why = known ? "it was too large to send" : "the server reads PNG and JPEG";
  return { blob, note: `Sent as a PNG of ${canvas.width} x ${canvas.height} pixels, because ${why}.` };
}
