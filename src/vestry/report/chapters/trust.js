"use strict";
(() => {
  // The slider: the largest share of test images of which as many are right as is wanted.
  const holder = document.getElementById("wanted");
  if (!holder) return;
  let points = JSON.parse(holder.dataset.points);
  const steps = Number(holder.dataset.steps);
  const slider = holder.querySelector("input");
  const output = holder.querySelector("output");
  const drawings = [...document.querySelectorAll("#figure-answered .drawings > svg")];
  const perCent = (share, digits) => `${(100 * share).toFixed(digits)}%`;
  const answered = (accuracy) => points.filter(([, right]) => right >= accuracy - 1e-9)
    .reduce((most, [share]) => Math.max(most, share), 0);

  const name = "http://www.w3.org/2000/svg";
  const mark = (svg, tag, style) => {
    const made = document.createElementNS(name, tag);
    made.setAttribute("class", style);
    svg.append(made);
    return made;
  };
  // Each drawing says where its frame stands.
  const [low, high] = [Number(holder.dataset.low), Number(holder.dataset.high)];
  const pointers = drawings.map((svg) => {
    const frame = svg.querySelector(".frame");
    const [left, top, width, height] = ["x", "y", "width", "height"]
      .map((side) => Number(frame.getAttribute(side)));
    const line = mark(svg, "path", "pointer-line");
    const dot = mark(svg, "circle", "pointer");
    dot.setAttribute("r", "6");
    return (share, accuracy) => {
      const x = left + share * width;
      const y = top + height * (1 - (accuracy - low) / (high - low));
      line.setAttribute("d", `M${left} ${y}H${x}V${top + height}`);
      dot.setAttribute("cx", String(x));
      dot.setAttribute("cy", String(y));
    };
  });
  const show = () => {
    const accuracy = Number(slider.value) / steps;
    const share = answered(accuracy);
    const words = `${perCent(accuracy, 1)} right: ${perCent(share, 0)} answered`;
    output.textContent = words;
    slider.setAttribute("aria-valuetext", words);
    pointers.forEach((move) => move(share, accuracy));
  };
  slider.addEventListener("input", show);
  show();
  // The page's picker: the slider is of its model, where that one has something to be asked for.
  const ofModels = JSON.parse(holder.dataset.modelsWanted);
  document.addEventListener("vestry:model", ({ detail }) => {
    const own = ofModels[detail.model];
    if (!own || own.name === document.getElementById("wanted-of").textContent) return;
    ({ points } = own);
    Object.assign(slider, { min: own.least, max: own.most, value: own.start });
    document.getElementById("wanted-of").textContent = own.name;
    document.getElementById("promised").textContent = own.told;
    show();
  });
})();
