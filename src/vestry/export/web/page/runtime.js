// The model at work in the visitor's browser: onnxruntime's WebAssembly, in one thread.

import * as ort from "../runtime/ort.js";

// fetched: gives the bytes of a file beside the page. Returns a function from one prepared image to
// the probabilities, and those of each member.
export async function loaded(model, fetched) {
  const [wasm, graph] = await Promise.all([fetched("runtime/ort.wasm"), fetched("model.onnx")]);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmBinary = wasm;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(new Uint8Array(graph), { executionProviders: ["wasm"] });
  const outputs = model.rule ? ["probabilities", "member_probabilities"] : ["probabilities"];
  return async ({ data }) => {
    const images = new ort.Tensor("uint8", Uint8Array.from(data), [1, ...model.image_shape]);
    const found = await session.run({ images }, outputs);
    const probabilities = Array.from(found.probabilities.data), classes = model.classes.length;
    if (!model.rule) return { probabilities, votes: null };
    const each = Array.from(found.member_probabilities.data);
    return { probabilities, votes: model.members.map((_, k) => each.slice(k * classes, (k + 1) * classes)) };
  };
}
