  // Several files as one: a ZIP whose files are stored as they are (APPNOTE 6.3, without folders).
  const checks = Uint32Array.from({ length: 256 }, (_, number) => {
    let left = number;
    for (let bit = 0; bit < 8; bit += 1) left = left & 1 ? (left >>> 1) ^ 0xedb88320 : left >>> 1;
    return left;
  });
  const crc32 = (bytes) => (bytes.reduce((sum, byte) => (sum >>> 8) ^ checks[(sum ^ byte) & 255], -1) ^ -1) >>> 0;
  const packed = (...fields) => new Uint8Array(fields.flatMap(([size, value]) =>
    Array.from({ length: size }, (_, place) => (value >>> (8 * place)) & 255)));
  const zip = (files) => {
    const [parts, index] = [[], []];
    let place = 0;
    files.forEach(([name, text]) => {
      const [path, bytes] = [name, text].map((each) => new TextEncoder().encode(each));
      // UTF-8 names, stored, 1 January 1980, then the sizes of content and name.
      const facts = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, crc32(bytes)],
        [4, bytes.length], [4, bytes.length], [2, path.length], [2, 0]];
      const head = packed([4, 0x04034b50], ...facts);
      index.push(packed([4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, place]), path);
      parts.push(head, path, bytes);
      place += head.length + path.length + bytes.length;
    });
    const size = index.reduce((sum, part) => sum + part.length, 0);
    const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, place], [2, 0]);
    return new Blob([...parts, ...index, end], { type: "application/zip" });
  };
