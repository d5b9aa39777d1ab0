  // The heat map: one measure at a time, and a click on a class or a cell chooses its mistakes.
  const figures = document.querySelector("#failures > .figures");
  const measures = by("measure");
  const shownFigure = () => by(measures.querySelector("input:checked").value);
  const showMeasure = () => all(".figure", figures).forEach((one) => {
    one.classList.toggle("is-shown", one === shownFigure());
  });
  if (measures && figures) {
    figures.prepend(measures);
    measures.addEventListener("change", showMeasure);
    showMeasure();
    figures.addEventListener("click", ({ target }) => {
      const mark = target.closest("[class*='at-']");
      const [, label, series] = /\bat-(\d+)(?:-(\d+))?/.exec(mark?.getAttribute("class") || "") || [];
      if (label === undefined) return;
      // Precision asks what is wrongly called so, the others what the class is wrongly called.
      if (shownFigure().id.endsWith("precision")) choose(null, Number(label));
      else choose(Number(label), null);
      if (series !== undefined) pick(ofSeries(Number(series)));
      markMap();
    });
  }
  // The cell that the gallery shows the mistakes of.
  function markMap() {
    if (!figures) return;
    all(".heat.is-chosen", figures).forEach((one) => one.classList.remove("is-chosen"));
    const isOfAnswer = (figure) => figure.id.endsWith("precision");
    all(".figure", figures).forEach((figure) => {
      const label = isOfAnswer(figure) ? state.said : state.truth;
      if (label !== null) all(`.at-${label}-${state.model.series}`, figure).forEach((one) => one.classList.add("is-chosen"));
    });
  }
