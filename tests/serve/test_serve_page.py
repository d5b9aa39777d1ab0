"""The page in a real browser, served by the real server: what is clicked, drawn, dropped, seen."""

import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

import page_measures
import vestry.serve
from headless_browser import OVERFLOWING, PAINTED, Browser, contrast
from made_bundles import CLASSES, NOVELTY, SETS, made_bundle
from vestry.report.plot.palette import DARK, LIGHT

PAGE = Path(vestry.serve.__file__).parent / "page"
EMPTIED = "for (const id of ['verdict', 'problem']) document.getElementById(id).replaceChildren()"
ABSTENTION = {
    "accuracy_asked": 0.98,
    "threshold": 0.99999,
    "validation": {"rows": 90, "coverage": 0.09, "accuracy": 0.981, "interval": [0.95, 0.99]},
}
EVERY = SETS | {"thresholds": [0.0] * 10}
HOSTILE = "<img src=x onerror='window.struck=1'>"


class Server:
    """`vestry serve` in a process of its own."""

    def __init__(self, models: list[Path]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vestry", "serve", "--port", "0", "--quiet", *map(str, models)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        found = re.search(r"http://\S+", said)
        assert found, said + self.process.stderr.read()
        self.address = found[0]

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("models")
    told = {"answer": "Recommended: Made"}
    sure = made_bundle(folder / "sure.onnx", threshold=0.1, study=told)
    unsure = made_bundle(
        folder / "unsure.onnx",
        name="Unsure",
        classes=(HOSTILE, *CLASSES[1:]),
        threshold=0.99999,
        abstention=ABSTENTION,
    )
    wary = made_bundle(folder / "wary.onnx", name="Wary", sets=EVERY, novelty=NOVELTY)
    started = Server([sure, unsure, wary])
    yield started.address
    started.stop()


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (900, 700), (240, 238, 230))
    ImageDraw.Draw(picture).polygon([(200, 150), (500, 150), (560, 600), (150, 600)], "navy")
    picture.save(tmp_path / "dress.jpg")
    return tmp_path / "dress.jpg"


def resize(browser: Browser, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def opened(browser: Browser, server: str, width: int = 1280, scheme: str = "light") -> Browser:
    browser.get_log("browser")
    browser.get_log("performance")
    resize(browser, width)
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    named = [{"name": name, "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": named})
    browser.get(server)
    until(browser, "document.querySelectorAll('#samples button').length === 10")
    return browser


def until(browser: Browser, condition: str) -> None:
    WebDriverWait(browser, 15, 0.02).until(lambda b: b.execute_script(f"return {condition}"))


def answered(browser: Browser) -> str:
    """The answer's text, once it is there."""
    until(
        browser,
        "!document.querySelector('#answer').hasAttribute('aria-busy') && "
        "(document.querySelector('.named') || document.querySelector('#problem .notice'))",
    )
    return str(browser.find_element(By.ID, "answer").text)


def upload(browser: Browser, path: Path) -> str:
    browser.execute_script(EMPTIED)
    browser.find_element(By.ID, "file").send_keys(str(path))
    return answered(browser)


def errors(browser: Browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser")]


def test_a_chosen_photograph_is_answered_with_all_its_evidence(
    browser: Browser, server: str, photograph: Path
) -> None:
    opened(browser, server)
    assert "It appears here" in browser.find_element(By.ID, "answer").text
    text = upload(browser, photograph)
    named = browser.find_element(By.CSS_SELECTOR, ".named strong").text
    assert named in CLASSES and "members agree" in text
    status = browser.find_element(By.ID, "status")
    assert status.get_attribute("aria-live") == "polite"
    assert status.get_attribute("textContent").startswith(named)
    steps = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "#strip figcaption b")]
    assert steps == ["Received", "Trimmed", "Grey", "Fitted", "Centred"]
    assert "900 x 700 pixels" in browser.find_element(By.ID, "strip").text
    shown = browser.find_elements(By.CSS_SELECTOR, "#strip img")
    assert [browser.execute_script("return arguments[0].naturalWidth", shown[-1])] == [28]
    assert shown[-1].size["width"] > 100
    assert shown[-1].value_of_css_property("image-rendering") == "pixelated"
    ballots = browser.find_elements(By.CSS_SELECTOR, ".ballot")
    assert [b.find_element(By.TAG_NAME, "h3").text for b in ballots] == ["Member 1", "Member 2"]
    agreeing = [b for b in ballots if b.find_element(By.TAG_NAME, "strong").text == named]
    assert f"{len(agreeing)} of 2 members agree" in text
    assert all(len(b.find_elements(By.CSS_SELECTOR, ".bars li")) == 3 for b in ballots)
    widest = ballots[0].find_element(By.CSS_SELECTOR, ".track i")
    share = widest.size["width"] / ballots[0].find_element(By.CSS_SELECTOR, ".track").size["width"]
    said = ballots[0].find_element(By.CSS_SELECTOR, ".value").text
    assert f"{share:.2f}" == f"{float(said.strip('<> %')) / 100:.2f}"
    near = browser.find_elements(By.CSS_SELECTOR, "#near img")
    assert len(near) == 3 and near[0].get_attribute("alt").startswith(named)
    assert "90.0% (88.0 to 92.0) right on test, 1,000 images, 95% interval" in (
        browser.find_element(By.ID, "facts").text
    )
    facts = browser.find_element(By.ID, "facts")
    assert "licence MIT" in facts.text and "Its answer\nRecommended: Made" in facts.text
    curl = browser.find_element(By.ID, "curl").text
    assert curl.startswith("curl -F image=@") and f"{server}/predict?model=made" in curl
    assert errors(browser) == []


def test_the_curl_line_says_the_same_as_the_page(
    browser: Browser, server: str, photograph: Path
) -> None:
    opened(browser, server)
    upload(browser, photograph)
    line = browser.find_element(By.ID, "curl").text.replace("picture.jpg", str(photograph))
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    named = browser.find_element(By.CSS_SELECTOR, ".named strong").text
    assert json.loads(done.stdout)["class"] == named


def test_no_request_leaves_the_machine(browser: Browser, server: str, photograph: Path) -> None:
    opened(browser, server)
    upload(browser, photograph)
    browser.find_element(By.CSS_SELECTOR, "#samples button").click()
    answered(browser)
    rows = [json.loads(row["message"])["message"] for row in browser.get_log("performance")]
    urls = [
        row["params"]["request"]["url"]
        for row in rows
        if row["method"] == "Network.requestWillBeSent"
    ]
    assert any(url.startswith(f"{server}/predict") for url in urls)
    assert [url for url in urls if not url.startswith((f"{server}/", "data:", "blob:"))] == []
    assert errors(browser) == []


def test_samples_are_told_right_or_wrong(browser: Browser, server: str) -> None:
    opened(browser, server)
    truths = []
    for place, button in enumerate(browser.find_elements(By.CSS_SELECTOR, "#samples button")[:4]):
        assert CLASSES[place] not in button.get_attribute("outerHTML"), "no answer before the click"
        browser.execute_script(EMPTIED)
        button.click()
        answered(browser)
        named = browser.find_element(By.CSS_SELECTOR, ".named strong").text
        truth = browser.find_element(By.CSS_SELECTOR, ".truth").text
        word = "Right" if named == CLASSES[place] else "Wrong"
        assert truth.endswith(f"{word}: this sample is labelled {CLASSES[place]}.")
        assert button.get_attribute("aria-pressed") == "true"
        truths.append(word)
    steps = browser.find_elements(By.CSS_SELECTOR, "#strip b")
    assert [step.text for step in steps] == ["As it is"]
    assert len(browser.find_elements(By.CSS_SELECTOR, "[aria-pressed=true]")) == 1


def test_a_drawing_is_drawn_undone_and_answered(browser: Browser, server: str) -> None:
    opened(browser, server)
    browser.find_element(By.CSS_SELECTOR, "#draw summary").click()
    canvas = browser.find_element(By.ID, "canvas")
    ask, undo = browser.find_element(By.ID, "ask-drawing"), browser.find_element(By.ID, "undo")
    assert not ask.is_enabled()
    for start, to in (((-60, -80), (0, 160)), ((40, -80), (-80, 0))):
        pen = ActionChains(browser, duration=20).move_to_element_with_offset(canvas, *start)
        pen.click_and_hold().move_by_offset(*to).release().perform()
    two = inked(browser)
    undo.click()
    assert 1000 < inked(browser) < two
    assert canvas.get_attribute("aria-label").endswith("1 strokes")
    ask.click()
    assert browser.execute_script("return document.querySelector('#evidence') !== null")
    answered(browser)
    steps = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "#strip b")]
    assert steps == ["Received", "Trimmed", "Grey", "Fitted", "Centred"]
    last = browser.find_elements(By.CSS_SELECTOR, "#strip img")[-1].get_attribute("src")
    with Image.open(io.BytesIO(base64.b64decode(last.partition(",")[2]))) as seen:
        pixels = np.asarray(seen)
    assert pixels.shape == (28, 28) and pixels[4:24, 13:15].min() > 200  # one upright stroke
    assert not pixels[:, :8].any() and not pixels[:, 20:].any()
    browser.find_element(By.ID, "clear").click()
    assert inked(browser) == 0 and not ask.is_enabled()
    assert errors(browser) == []


def inked(browser: Browser) -> int:
    return int(
        browser.execute_script(
            "const c = document.querySelector('#canvas'); const d = c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data; let n = 0;"
            "for (let i = 0; i < d.length; i += 4) n += d[i] > 128; return n"
        )
    )


def test_a_set_and_a_strange_picture_are_told(
    browser: Browser, server: str, photograph: Path
) -> None:
    opened(browser, server)
    text = upload(browser, photograph)
    assert "Unlike" not in text and "one of" not in text, "the first file says nothing of it"
    Select(browser.find_element(By.ID, "model")).select_by_visible_text("Wary")
    until(browser, "document.querySelector('.unsure')")
    text = answered(browser)
    assert "Unlike the training images" in text and "under the 0.50" in text
    assert "For 95% of images like those of the study" in text
    assert "one of " in text and all(name in text for name in CLASSES)
    status = browser.find_element(By.ID, "status").get_attribute("textContent")
    assert status.startswith("Unlike the training images. ")
    assert errors(browser) == []


def test_an_answer_under_the_threshold_is_not_sure(
    browser: Browser, server: str, photograph: Path
) -> None:
    opened(browser, server)
    text = upload(browser, photograph)
    assert "Not sure" not in text
    Select(browser.find_element(By.ID, "model")).select_by_visible_text("Unsure")
    until(browser, "document.querySelector('.unsure')")  # the same picture is asked about again
    text = answered(browser)
    assert "Not sure" in text and "under the threshold of 100.0%" in text
    assert "9% are answered so, and 98.1% of these answers are right" in text
    assert "95.0 to 99.0" in text
    status = browser.find_element(By.ID, "status").get_attribute("textContent")
    assert status.startswith("Not sure. Most probable: ")


def test_the_rest_of_a_members_classes_is_a_button_away(
    browser: Browser, server: str, photograph: Path
) -> None:
    opened(browser, server)
    upload(browser, photograph)
    named = browser.find_element(By.CSS_SELECTOR, ".named strong").text
    for ballot in browser.find_elements(By.CSS_SELECTOR, ".ballot"):
        short = [e.text for e in ballot.find_elements(By.CSS_SELECTOR, ".bars .label")]
        assert len(short) == 3 and named in short, "members can be held against the answer"
        more = ballot.find_element(By.CSS_SELECTOR, ".more")
        assert more.text == "7 more" and more.get_attribute("aria-expanded") == "false"
        more.click()
        rows = ballot.find_elements(By.CSS_SELECTOR, ".bars li")
        assert len(rows) == 10 and more.get_attribute("aria-expanded") == "true"
        shares = [row.find_element(By.CSS_SELECTOR, ".value").text for row in rows]
        numbers = [float(said.strip("<> %")) for said in shares]
        assert numbers == sorted(numbers, reverse=True)
        more.click()
        assert [e.text for e in ballot.find_elements(By.CSS_SELECTOR, ".bars .label")] == short
    assert errors(browser) == []


def test_a_reader_chooses_light_or_dark(browser: Browser, server: str) -> None:
    opened(browser, server)
    light = browser.execute_script(PAINTED)
    button = browser.find_element(By.ID, "theme")
    assert button.text == "Dark"
    button.click()
    dark = browser.execute_script(PAINTED)
    browser.refresh()
    assert browser.execute_script(PAINTED) == dark != light
    browser.find_element(By.ID, "theme").click()
    assert browser.execute_script(PAINTED) == light
    browser.execute_script("localStorage.clear()")


def test_its_colours_are_the_reports() -> None:
    """What both call by one name is one colour, in light and dark."""
    blocks = re.findall(r"[{][^{}]*--paper:[^}]*", (PAGE / "style.css").read_text())
    light, *dark = [dict(re.findall(r"--([\w-]+):\s*(#\w+)", block)) for block in blocks]
    assert len(dark) == 2 and dark[0] == dark[1], "by the system and by the reader's choice"
    for own, report in ((light, LIGHT), (dark[0], DARK)):
        shared = own.keys() & report.keys()
        assert len(shared) >= 12
        assert {name: own[name] for name in shared} == {name: report[name] for name in shared}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anyones_way(
    browser: Browser, server: str, photograph: Path, scheme: str
) -> None:
    """axe-core, ids and targets, with an answer on the page and everything open."""
    opened(browser, server, scheme=scheme)
    Select(browser.find_element(By.ID, "model")).select_by_visible_text("Wary")
    upload(browser, photograph)
    page_measures.open_all(browser)
    for button in browser.find_elements(By.CSS_SELECTOR, ".more"):
        button.click()
    faults, below_aaa = page_measures.axe_faults(browser)
    assert faults == [] and below_aaa <= 10
    assert page_measures.id_faults(browser) == []
    assert page_measures.small_targets(browser) == []


def test_hostile_class_names_run_nothing(browser: Browser, server: str, photograph: Path) -> None:
    opened(browser, server)
    Select(browser.find_element(By.ID, "model")).select_by_visible_text("Unsure")
    upload(browser, photograph)
    for more in browser.find_elements(By.CSS_SELECTOR, ".more"):
        more.click()
    assert HOSTILE in browser.find_element(By.ID, "votes").text
    assert HOSTILE in browser.find_element(By.ID, "knows").text
    assert browser.execute_script("return window.struck") is None


def test_errors_say_what_is_wrong_and_how_to_go_on(
    browser: Browser, server: str, photograph: Path, tmp_path: Path
) -> None:
    opened(browser, server)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    upload(browser, tmp_path / "broken.png")
    problem = browser.find_element(By.CSS_SELECTOR, "#problem[role=alert]")
    assert "damaged" in problem.text and "Choose another picture" in problem.text
    assert not browser.find_element(By.ID, "evidence").is_displayed()
    (tmp_path / "notes.txt").write_text("no picture")
    upload(browser, tmp_path / "notes.txt")
    assert "not a picture" in problem.text
    upload(browser, photograph)
    assert problem.text == "" and browser.find_element(By.ID, "evidence").is_displayed()


REPLY = (
    "window.fetch = async () => new Response(JSON.stringify({{error: 'the queue is full'}}), "
    "{{status: {status}}})"
)


@pytest.mark.parametrize(
    ("status", "words", "again"),
    [(503, "The server is busy", True), (413, "too large", False), (500, "queue is full", True)],
)
def test_refusals_of_the_server_are_told_apart(
    browser: Browser, server: str, photograph: Path, status: int, words: str, again: bool
) -> None:
    opened(browser, server)
    browser.execute_script("window.real = window.fetch;" + REPLY.format(status=status))
    upload(browser, photograph)
    problem = browser.find_element(By.ID, "problem")
    assert words in problem.text
    assert bool(problem.find_elements(By.TAG_NAME, "button")) == again
    if again:
        browser.execute_script("window.fetch = window.real")
        problem.find_element(By.TAG_NAME, "button").click()
        until(browser, "document.querySelector('.named')")
        assert problem.text == ""


def test_a_server_that_is_gone_is_said(browser: Browser, photograph: Path, tmp_path: Path) -> None:
    mine = Server([made_bundle(tmp_path / "made.onnx")])
    try:
        opened(browser, mine.address)
        mine.stop()
        upload(browser, photograph)
        problem = browser.find_element(By.ID, "problem")
        assert "does not answer" in problem.text and "Try again" in problem.text
    finally:
        if mine.process.poll() is None:
            mine.stop()


DROPPED = """
const [type, content] = arguments, transfer = new DataTransfer();
const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
if (content) transfer.items.add(new File([bytes], "dropped", { type: "image/png" }));
else transfer.setData("text/uri-list", "http://example.invalid/a.png");
const event = type === "paste"
  ? new ClipboardEvent(type, { clipboardData: transfer, bubbles: true })
  : new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
document.querySelector("#drop").dispatchEvent(event);
"""


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_pictures_can_be_dropped_and_pasted(browser: Browser, server: str, way: str) -> None:
    opened(browser, server)
    stream = io.BytesIO()
    Image.new("L", (28, 28), 90).save(stream, "PNG")
    browser.execute_script(DROPPED, way, base64.b64encode(stream.getvalue()).decode())
    answered(browser)
    assert browser.find_element(By.CSS_SELECTOR, "#strip b").text == "As it is"
    if way == "drop":
        browser.execute_script(DROPPED, way, "")
        assert "is no file" in browser.find_element(By.ID, "problem").text


def test_what_the_browser_alone_can_read_is_sent_as_png(
    browser: Browser, server: str, tmp_path: Path
) -> None:
    opened(browser, server)
    picture = Image.new("RGB", (300, 200), "white")
    picture.paste((0, 0, 0), (100, 40, 160, 160))
    picture.save(tmp_path / "dress.webp")
    text = upload(browser, tmp_path / "dress.webp")
    assert "Sent as a PNG of 300 x 200 pixels, because the server reads PNG and JPEG." in text


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1600])
def test_nothing_is_wider_than_the_window(
    browser: Browser, server: str, photograph: Path, width: int
) -> None:
    opened(browser, server, width)
    browser.execute_script("document.querySelector('#draw').open = true")
    Select(browser.find_element(By.ID, "model")).select_by_visible_text("Unsure")
    upload(browser, photograph)
    assert browser.execute_script(OVERFLOWING) <= 0
    small = browser.execute_script(
        "return [...document.querySelectorAll('button, select, .button, summary')].filter(e => "
        "e.offsetParent && e.getBoundingClientRect().height < 24).map(e => e.outerHTML)"
    )
    assert small == [], "WCAG 2.2 asks for targets of 24 pixels"


def test_light_and_dark_are_painted_and_text_stands_out(browser: Browser, server: str) -> None:
    painted = set()
    for scheme in ("light", "dark"):
        opened(browser, server, scheme=scheme)
        painted.add(browser.execute_script(PAINTED))
        for one, other in (("--ink", "--paper"), ("--quiet", "--paper"), ("--quiet", "--raised"),
                           ("--accent", "--paper"), ("--on-accent", "--accent"),
                           ("--warn-ink", "--warn-paper"), ("--right-ink", "--paper"),
                           ("--wrong-ink", "--paper")):  # fmt: skip
            assert contrast(browser, one, other) >= 4.5, (scheme, one, other)
        for one, other in (("--c0", "--raised"), ("--edge", "--paper"), ("--edge", "--raised")):
            assert contrast(browser, one, other) >= 2.9, (scheme, one, other)
    assert painted == {"rgb(253, 253, 251)", "rgb(20, 22, 26)"}


def test_the_page_is_used_by_keyboard_alone(browser: Browser, server: str) -> None:
    opened(browser, server)
    order = []
    for _ in range(5):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        focused = browser.switch_to.active_element
        order.append(focused.get_attribute("id") or focused.accessible_name)
    assert order == ["Skip to the answer", "model", "theme", "file", "Sample 1 of 10"]
    outline = browser.switch_to.active_element.value_of_css_property("outline-style")
    assert outline == "solid"
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    answered(browser)
    assert browser.find_element(By.CSS_SELECTOR, ".truth").text


def test_everything_has_a_name(browser: Browser, server: str, photograph: Path) -> None:
    opened(browser, server)
    upload(browser, photograph)
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = {"button", "combobox", "slider", "img", "image", "link"}
    named = [n for n in tree if not n["ignored"] and n["role"]["value"] in roles]
    assert len(named) > 15
    assert [n for n in named if not n.get("name", {}).get("value")] == []


def test_the_camera_is_offered_where_there_is_a_touch_screen(browser: Browser, server: str) -> None:
    opened(browser, server)
    camera = browser.find_element(By.CSS_SELECTOR, "label[for=camera]")
    assert browser.find_element(By.ID, "camera").get_attribute("capture") == "environment"
    assert not camera.is_displayed()
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        assert camera.is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_a_model_of_folders_takes_pictures_whole_unless_asked(
    browser: Browser, photograph: Path, tmp_path: Path
) -> None:
    model = made_bundle(tmp_path / "drawn.onnx", preparation="resized", border="light")
    started = Server([model])
    try:
        opened(browser, started.address)
        assert "resized to 28 x 28 pixels, as the training images were" in (
            browser.find_element(By.ID, "hint").text
        )
        upload(browser, photograph)
        steps = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "#strip b")]
        assert steps == ["Received", "Prepared"]
        assert "made grey" in browser.find_element(By.ID, "strip").text
        browser.find_element(By.ID, "photograph").click()
        until(browser, "document.querySelectorAll('#strip b').length === 5")
        assert "/predict?photograph=1" in browser.find_element(By.ID, "curl").text
        browser.find_element(By.CSS_SELECTOR, "#draw summary").click()
        assert "Black on white" in browser.find_element(By.ID, "draw").text
        assert inked(browser) == 280 * 280, "the paper is white"
        assert errors(browser) == []
    finally:
        started.stop()
