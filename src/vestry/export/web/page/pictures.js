// Pictures on their way to the model: as they are, since they go nowhere.

export const readied = async (file) => ({ blob: file, note: "" });
