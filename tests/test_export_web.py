"""`vestry export --web` as visitors have it: Chromium, a plain web server, and nothing else."""

import base64
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

import page_measures
from headless_browser import OVERFLOWING, Browser
from made_bundles import CLASSES, NOVELTY, SETS, made_bundle
from static_server import served_folder
from vestry.data.sources import digits
from vestry.export.web_parts import web_parts
from vestry.predictions.table import load_table
from vestry.serve.predictor import READY, Predictor
from vestry.serve.preprocessing import prepare

ANSWERS = """const [pictures, photograph, done] = arguments;
(async () => {
  const server = await import("/page/server.js"), found = [];
  await server.models();
  for (const text of pictures) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    try { found.push(await server.predict("", new Blob([bytes]), photograph)); }
    catch (problem) { found.push({ problem: problem.message, again: problem.again }); }
  }
  done(found);
})().catch((problem) => done(String(problem)));"""
FILTERED = """const [jobs, done] = arguments;
(async () => {
  const own = await import("/page/resampling.js");
  done(jobs.map(({ name, width, height, channels, data, to }) => {
    const given = own.image(width, height, channels, Uint8ClampedArray.from(data));
    const made = {
      bilinear: () => own.resized(given, ...to, own.BILINEAR),
      lanczos: () => own.resized(given, ...to, own.LANCZOS),
      before: () => own.resized(given, ...to, own.BILINEAR, 12),
      reduce: () => own.reduced(given, to[0]),
      blur: () => own.blurred(given),
      grey: () => own.grey(given),
      white: () => own.onWhite(given),
    }[name]();
    return [made.width, made.height, Array.from(made.data)];
  }));
})().catch((problem) => done(String(problem)));"""
LOADED = "!document.getElementById('knows').hidden"
PROBLEM = "document.querySelector('#problem .notice')"
ANSWERED = f"document.querySelector('.named') || {PROBLEM}"


def until(browser: Browser, condition: str) -> None:
    WebDriverWait(browser, 30, 0.02).until(lambda b: b.execute_script(f"return {condition}"))


def opened(browser: Browser, address: str) -> Browser:
    browser.set_script_timeout(120)
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    until(browser, f"{LOADED} || {PROBLEM}")
    return browser


def answers(browser, address, pictures, photograph=None):
    """What the page's own functions answer to pictures' bytes."""
    opened(browser, address)
    texts = [base64.b64encode(content).decode() for content in pictures]
    found = browser.execute_async_script(ANSWERS, texts, photograph)
    assert isinstance(found, list), found
    return found


def requested(browser: Browser) -> list[str]:
    """Every address that was asked for since the page was opened."""
    rows = [json.loads(row["message"])["message"] for row in browser.get_log("performance")]
    sent = [row["params"] for row in rows if row["method"] == "Network.requestWillBeSent"]
    urls = [each["request"]["url"] for each in sent]
    named = browser.execute_script("return performance.getEntries().map((entry) => entry.name)")
    return urls + [name for name in named if "://" in name]


def errors(browser: Browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser")]


def stored(picture, kind="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def last_image(answer, shape):
    """What the page says that the model saw."""
    content = base64.b64decode(answer["strip"][-1]["image"].partition(",")[2])
    with Image.open(io.BytesIO(content)) as seen:
        return np.asarray(seen.convert("RGB" if len(shape) == 3 else "L"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, vestry):
    """The committee that ships, as a page."""
    folder = tmp_path_factory.mktemp("web") / "site"
    done = vestry("export", READY, "--web", folder)
    assert done.returncode == 0, done.stderr
    assert str(folder / "index.html") in done.stdout and "http.server" in done.stdout
    assert size_of(folder) < 20_000_000
    return folder


@pytest.fixture(scope="module")
def address(site):
    with served_folder(site) as found:
        yield found


def test_a_run_answers_in_the_browser_as_it_did_itself(browser, finished_run, vestry, tmp_path):
    run = tmp_path / "small"
    shutil.copytree(finished_run, run, ignore=shutil.ignore_patterns("tasks"))
    folder = tmp_path / "site"
    done = vestry(
        *("export", run, "--model", "Both", "--no-temperature", "--web", folder, "--json")
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)[1]
    assert said["folder"] == str(folder) and said["model"] == "Both"
    assert said["bytes"] <= size_of(folder) < 20_000_000
    table = load_table(run / "committees" / "Both" / "test.npz")
    every = digits.load().train
    places = {name: row for row, name in enumerate(every.ids.tolist())}
    images = every.images[[places[name] for name in table.ids[:200]]]
    with served_folder(folder) as address:
        found = answers(browser, address, [stored(Image.fromarray(image)) for image in images])
        urls = requested(browser)
        assert f"{address}model.onnx" in urls and f"{address}runtime/ort.wasm" in urls
        assert [url for url in urls if not url.startswith((address, "data:", "blob:"))] == []
    assert [answer["label"] for answer in found] == table.labels[:200].tolist()
    given = np.array([answer["probabilities"] for answer in found])
    assert np.abs(given - table.probabilities[:200]).max() < 1e-5
    assert all(len(answer["votes"]) == 2 for answer in found)
    assert errors(browser) == []


COLOURED = """title = "Coloured"
exploration = { skip = true }
robustness = { skip = true }
explanation = { skip = true }
[data]
source = "folder:photos"
image_size = [20, 24]
validation = { fraction = 0.2 }
test = { fraction = 0.5 }
[[member]]
name = "Linear"
estimator = "sklearn.linear_model.LogisticRegression"
"""


def write_photos(folder: Path) -> None:
    """Coloured PNGs and JPEGs of many sizes, some with holes, some lying on their side."""
    random = np.random.default_rng(0)
    for label, name in enumerate(("ants", "bees")):
        (folder / name).mkdir(parents=True)
        for row in range(24):
            height, width = random.integers(12, 90, 2)
            channels = 4 if row % 4 == 1 else 3
            pixels = random.integers(0, 90, (height, width, channels), np.uint8)
            pixels[..., label] += 100
            exif = Image.Exif()
            exif[0x0112] = 1 + row % 8
            kind = "JPEG" if row % 3 == 0 and channels == 3 else "PNG"
            Image.fromarray(pixels).save(folder / name / f"{row:02}.{kind.lower()}", exif=exif)


def test_coloured_files_of_many_sizes_are_prepared_as_in_training(browser, vestry, tmp_path):
    write_photos(tmp_path / "photos")
    (tmp_path / "coloured.toml").write_text(COLOURED)
    done = vestry("run", "coloured.toml", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "coloured"
    done = vestry(
        *("export", run, "--model", "Linear", "--no-temperature", "--web", "site"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    table = load_table(run / "members" / "Linear" / "test.npz")
    files = [tmp_path / "photos" / name.partition("#")[0] for name in table.ids.tolist()]
    with served_folder(tmp_path / "site") as address:
        found = answers(browser, address, [path.read_bytes() for path in files])
    given = np.array([answer["probabilities"] for answer in found])
    assert len(given) > 20 and {path.suffix for path in files} == {".png", ".jpeg"}
    assert np.abs(given - table.probabilities).max() < 1e-5
    predictor = Predictor(run / "exports" / "Linear.onnx")
    for path, answer in zip(files, found, strict=True):
        prepared = prepare(path.read_bytes(), path.name, predictor.bundle, True)
        assert np.array_equal(last_image(answer, prepared.image.shape), prepared.image)
        assert answer["prepared"] == prepared.words
        assert [step["words"] for step in answer["strip"]] == [s.words for s in prepared.steps]


def kinds_of_png():
    """A picture in every kind of pixel that a PNG may have."""
    random = np.random.default_rng(4)
    pixels = random.integers(0, 256, (23, 31, 4), np.uint8)
    grey, colour = Image.fromarray(pixels[..., 0]), Image.fromarray(pixels[..., :3])
    keyed = colour.quantize(30)
    sixteen = Image.fromarray(random.integers(0, 65_536, (23, 31), np.uint16))
    return {
        "one bit": stored(grey.convert("1")),
        "grey": stored(grey),
        "grey with alpha": stored(Image.fromarray(pixels[..., :2], "LA")),
        "grey with a hole": stored(grey, transparency=int(pixels[0, 0, 0])),
        "sixteen bits": stored(sixteen),
        "colour": stored(colour),
        "colour with a hole": stored(colour, transparency=tuple(pixels[0, 0, :3].tolist())),
        "alpha": stored(Image.fromarray(pixels)),
        "palette": stored(keyed),
        "palette of four": stored(colour.quantize(4), bits=2),
        "palette with holes": stored(keyed, transparency=bytes(range(0, 240, 8))),
        "grey palette": stored(grey.convert("P")),
    }


@pytest.mark.parametrize("shape", [(19, 28), (28, 19, 3), (23, 31), (23, 31, 3)])
def test_every_kind_of_png_is_what_pillow_reads(browser, vestry, tmp_path, shape):
    model = made_bundle(tmp_path / "m.onnx", shape, preparation="resized", border=None)
    vestry("export", model, "--web", tmp_path / "site")
    pictures, predictor = kinds_of_png(), Predictor(model)
    with served_folder(tmp_path / "site") as address:
        found = answers(browser, address, pictures.values())
    for (kind, content), answer in zip(pictures.items(), found, strict=True):
        prepared = prepare(content, kind, predictor.bundle, True)
        assert np.array_equal(last_image(answer, shape), prepared.image), kind
        assert answer["prepared"] == prepared.words, kind
        assert np.abs(predictor(prepared.image)[0] - answer["probabilities"]).max() < 1e-5, kind


def of_many_proportions():
    """Pictures whose sides, in proportion to a size, are halves, ones and everything between."""
    random = np.random.default_rng(7)
    sides = [(1, 90), (90, 1), (5, 8), (25, 40), (40, 25), (7, 7), (16, 20), (33, 20), (61, 47)]
    sides += random.integers(1, 120, (20, 2)).tolist()
    for turn, (height, width) in enumerate(sides):
        pixels = random.integers(0, 256, (height, width, 4), np.uint8)
        yield f"{height} x {width}", stored(Image.fromarray(pixels[..., : 3 + turn % 2]))


@pytest.mark.parametrize("preparation", ["resized", "fitted", "cropped"])
@pytest.mark.parametrize("shape", [(16, 20), (20, 16, 3), (15, 15, 3)])
def test_pictures_are_fitted_and_cropped_as_in_training(
    browser, vestry, tmp_path, shape, preparation
):
    model = made_bundle(tmp_path / "m.onnx", shape, preparation=preparation, border=None)
    vestry("export", model, "--web", tmp_path / "site")
    random, pictures = np.random.default_rng(3), dict(of_many_proportions())
    smooth = Image.fromarray(random.integers(0, 256, (4, 6, 3), np.uint8)).resize((1403, 899))
    pictures["large"] = stored(smooth, "JPEG", quality=95)
    bundle = Predictor(model).bundle
    with served_folder(tmp_path / "site") as address:
        found = answers(browser, address, pictures.values())
        words = browser.find_element(By.ID, "way").text
    for (kind, content), answer in zip(pictures.items(), found, strict=True):
        prepared = prepare(content, kind, bundle, True)
        seen = last_image(answer, shape).astype(int)
        # Of a large JPEG, means stand for what its decoder makes at a half or a quarter.
        assert np.abs(seen - prepared.image).max() <= (2 if kind == "large" else 0), kind
        assert answer["prepared"] == prepared.words, kind
        assert [step["words"] for step in answer["strip"]] == [s.words for s in prepared.steps]
    says = {"resized": "resized to", "fitted": "with white around", "cropped": "to its middle"}
    assert says[preparation] in words


def interlaced(pixels):
    """Adam7 by hand, since Pillow reads it but does not write it."""
    import struct
    import zlib

    def chunk(name, body):
        mark = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", mark)

    starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
    raw = b""
    for row, column, down, right in (*starts, (1, 0, 2, 1)):
        part = pixels[row::down, column::right]
        raw += b"".join(b"\0" + line.tobytes() for line in part if part.size)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_interlaced_and_other_files_are_read(browser, vestry, tmp_path):
    shape = (16, 20, 3)
    model = made_bundle(tmp_path / "m.onnx", shape, preparation="resized", border=None)
    vestry("export", model, "--web", tmp_path / "site")
    random = np.random.default_rng(6)
    pixels = random.integers(0, 256, (5, 11, 3), np.uint8)
    picture = Image.fromarray(random.integers(0, 256, (30, 40, 3), np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    pictures = {
        "interlaced": interlaced(pixels),
        "gif": stored(picture.quantize(60), "GIF"),
        "bmp": stored(picture, "BMP"),
        "webp": stored(picture, "WEBP", lossless=True, exif=turned),
        "jpeg": stored(picture, "JPEG", exif=turned),
        "grey jpeg": stored(picture.convert("L"), "JPEG"),
    }
    with served_folder(tmp_path / "site") as address:
        found = answers(browser, address, pictures.values())
    bundle = Predictor(model).bundle
    for (kind, content), answer in zip(pictures.items(), found, strict=True):
        prepared = prepare(content, kind, bundle)
        assert np.array_equal(last_image(answer, shape), prepared.image), kind
        assert answer["prepared"] == prepared.words, kind


def filtered(name, picture, to):
    resampling = Image.Resampling
    match name:
        case "bilinear" | "lanczos":
            return picture.resize(to, resampling[name.upper()])
        case "before":  # every version before 13 begins with the width
            wide = picture.resize((to[0], picture.height), resampling.BILINEAR)
            return wide.resize(to, resampling.BILINEAR)
        case "reduce":
            return picture.reduce(to[0])
        case "blur":
            return picture.filter(ImageFilter.BoxBlur(1))
        case "grey":
            return picture.convert("L")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def test_the_filters_are_pillows_byte_by_byte(browser, address):
    random, jobs, wanted = np.random.default_rng(2), [], []
    names = ("bilinear", "lanczos", "before", "reduce", "blur", "grey", "white")
    for turn in range(210):
        name = names[turn % len(names)]
        channels = {"white": 4, "grey": 3}.get(name) or (1, 3)[turn % 2]
        height, width = random.integers(3, 80, 2).tolist()
        pixels = random.integers(0, 256, (height, width, channels), np.uint8)
        if turn % 3 == 0:
            pixels = (pixels > 127).astype(np.uint8) * 255
        picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        to = random.integers(2, 12, 2).tolist() if name == "reduce" else None
        to = to or random.integers(1, 60, 2).tolist()
        jobs.append({"name": name, "width": width, "height": height, "channels": channels})
        jobs[-1] |= {"data": pixels.reshape(-1).tolist(), "to": to}
        wanted.append(np.asarray(filtered(name, picture, to)))
    found = opened(browser, address).execute_async_script(FILTERED, jobs)
    assert isinstance(found, list), found
    for job, (width, height, data), right in zip(jobs, found, wanted, strict=True):
        assert (height, width) == right.shape[:2], job["name"]
        assert data == right.reshape(-1).tolist(), (job["name"], job["to"])


def photographs():
    """Coloured objects on uneven, noisy, patterned and blank grounds."""
    random = np.random.default_rng(8)
    for turn in range(12):
        side = random.integers(60, 700 if turn % 4 == 0 else 260, 2).tolist()
        ground = np.add.outer(np.linspace(0, 40, side[1]), np.linspace(0, 30, side[0]))[..., None]
        pixels = np.clip(random.normal(190, 1 + turn, (side[1], side[0], 3)) + ground, 0, 255)
        picture = Image.fromarray(pixels.astype(np.uint8))
        corners = [(random.uniform(0.2, 0.8) * side[0], random.uniform(0.2, 0.8) * side[1])]
        corners += [(0.3 * side[0], 0.7 * side[1]), (0.6 * side[0], 0.2 * side[1])]
        ImageDraw.Draw(picture).polygon(corners, fill=tuple(random.integers(0, 150, 3).tolist()))
        yield stored(picture) if turn % 3 else stored(picture, "JPEG", quality=95)
    yield stored(Image.new("RGB", (300, 200), "tan"))
    yield stored(Image.fromarray(random.integers(0, 256, (200, 260, 3), np.uint8)))


@pytest.mark.parametrize("shape", [(28, 28), (24, 32, 3)])
@pytest.mark.parametrize("border", ["dark", "light"])
def test_photographs_are_trimmed_and_centred_as_by_the_server(
    browser, vestry, tmp_path, shape, border
):
    model = made_bundle(tmp_path / "m.onnx", shape, border=border)
    vestry("export", model, "--web", tmp_path / "site")
    pictures, predictor = list(photographs()), Predictor(model)
    with served_folder(tmp_path / "site") as address:
        found = answers(browser, address, pictures)
    for content, answer in zip(pictures, found, strict=True):
        prepared = prepare(content, "picture", predictor.bundle, True)
        assert answer["prepared"] == prepared.words and answer["warnings"] == prepared.warnings
        assert [step["words"] for step in answer["strip"]] == [s.words for s in prepared.steps]
        seen = last_image(answer, shape).astype(int)
        # Sums in another order are rounded to other bytes now and then, before the contrast is
        # stretched up to threefold.
        assert np.abs(seen - prepared.image).max() <= 3
        assert answer["label"] == predictor(prepared.image)[0].argmax()


def test_sets_likeness_and_neighbours_are_the_servers(browser, vestry, tmp_path):
    from vestry.serve.answer import answers_of
    from vestry.serve.known_images import KnownSet

    model = made_bundle(tmp_path / "m.onnx", sets=SETS, novelty=NOVELTY, preparation="resized")
    vestry("export", model, "--web", tmp_path / "site")
    pictures, predictor = list(kinds_of_png().values()), Predictor(model)
    known = KnownSet.of(predictor.bundle.known, predictor.bundle)
    with served_folder(tmp_path / "site") as address:
        found = answers(browser, address, pictures)
    for content, answer in zip(pictures, found, strict=True):
        prepared = prepare(content, "picture", predictor.bundle)
        image = prepared.image[None]
        (right,) = answers_of(predictor.bundle, predictor.votes(image), image, known)
        facts = right.as_dict() | right.details(prepared, known)
        for key in ("class", "label", "sure", "set", "unlike", "agreeing", "threshold"):
            assert answer[key] == facts[key], key
        assert answer["likeness"] == pytest.approx(facts["likeness"], abs=1e-5)
        assert [near["id"] for near in answer["nearest"]] == [n["id"] for n in facts["nearest"]]
        tops = zip(answer["top"], facts["top"], strict=True)
        assert all(own["class"] == other["class"] for own, other in tops)


def upload(browser: Browser, path: Path) -> str:
    browser.execute_script(
        "for (const id of ['verdict', 'problem']) document.getElementById(id).replaceChildren()"
    )
    browser.find_element(By.ID, "file").send_keys(str(path))
    until(browser, ANSWERED)
    return str(browser.find_element(By.ID, "answer").text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_says_what_it_does_and_stays_at_home(browser, address, tmp_path, scheme):
    page_measures.wish(browser, scheme)
    opened(browser, address)
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "Nothing leaves your browser" in text and "HTTP" not in text and "server" not in text
    assert not browser.find_elements(By.CSS_SELECTOR, "#loading, #curl, a[href*=openapi]")
    picture = Image.new("RGB", (900, 700), (240, 238, 230))
    ImageDraw.Draw(picture).polygon([(200, 150), (500, 150), (560, 600), (150, 600)], "navy")
    picture.save(tmp_path / "dress.jpg")
    said = upload(browser, tmp_path / "dress.jpg")
    predictor = Predictor()
    prepared = prepare((tmp_path / "dress.jpg").read_bytes(), "dress", predictor.bundle)
    label = int(predictor(prepared.image)[0].argmax())
    assert predictor.classes[label] in said and "members agree" in said
    assert len(browser.find_elements(By.CSS_SELECTOR, "#verdict .bars li")) == 3
    browser.execute_script("document.querySelector('#samples button').click()")
    until(browser, "document.querySelector('.truth')")
    page_measures.open_all(browser)
    faults, _ = page_measures.axe_faults(browser)
    assert faults == []
    for width in (1280, 320):
        page_measures.resize(browser, (width, 900))
        assert browser.execute_script(OVERFLOWING) <= 0
    page_measures.resize(browser, page_measures.SCREEN)
    urls = requested(browser)
    assert [url for url in urls if not url.startswith((address, "data:", "blob:"))] == []
    assert errors(browser) == []


def test_the_content_policy_allows_no_other_place(site, browser, address):
    text = (site / "index.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["connect-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'" and rules["style-src"] == "'self'"
    opened(browser, address)
    with served_folder(site) as elsewhere:
        tried = browser.execute_async_script(
            "const [url, done] = arguments; fetch(url, { method: 'POST', body: 'x', "
            "mode: 'no-cors' }).then(() => done('sent'), () => done('refused'))",
            elsewhere,
        )
    assert tried == "refused"
    assert not re.search(r"https?://", re.sub(r"http://localhost:8000", "", text))


def test_what_cannot_be_answered_is_said_in_words(browser, site, address, tmp_path):
    whole = stored(Image.fromarray(np.zeros((40, 40), np.uint8) + np.arange(40, dtype=np.uint8)))
    given = {
        b"": "The file is empty.",
        b"no picture at all": "no picture that the browser can read",
        whole[:60]: "pixels are cut off",
        whole[:20]: "header is cut off",
        whole.replace(b"IDAT", b"IDAX"): "it holds no pixels",
        whole[:16] + b"\0\1\0\0" * 2 + whole[24:]: "at most 50 are decoded",
        stored(Image.new("RGB", (50, 50)), "JPEG")[:40]: "damaged",
    }
    found = answers(browser, address, given)
    for said, words in zip(found, given.values(), strict=True):
        assert words in said["problem"] and said["again"] is False
    (tmp_path / "notes.png").write_text("my notes")
    assert "no picture that the browser can read" in upload(browser, tmp_path / "notes.png")
    part = tmp_path / "part"
    shutil.copytree(site, part)
    (part / "model.onnx").unlink()
    with served_folder(part) as lacking:
        opened(browser, lacking)
        said = browser.find_element(By.ID, "problem").text
        assert "model.onnx is missing on the server" in said and "Copy the whole folder" in said
        assert "Try again" in said
        shutil.copy(site / "model.onnx", part)
        browser.find_element(By.CSS_SELECTOR, "#problem button").click()
        until(browser, LOADED)


def test_opened_as_a_file_it_says_how_to_serve_it(browser, site):
    browser.get((site / "index.html").as_uri())
    text = browser.find_element(By.ID, "loading").text
    assert "opened as a file" in text and "python -m http.server" in text
    assert re.search(r"\(1\d\.\d MB\)", text)


def test_the_folder_is_ours_or_new(vestry, tmp_path, finished_run):
    model, site = made_bundle(tmp_path / "m.onnx"), tmp_path / "site"

    def export(*arguments, folder=site):
        return vestry("export", model, "--web", folder, *arguments, cwd=tmp_path)

    site.mkdir()
    (site / "notes.txt").write_text("mine")
    assert export().returncode == 0, "files of another name may stand beside ours"
    assert export().returncode == 0, "ours are written anew"
    assert (site / "notes.txt").read_text() == "mine"
    (site / "index.html").write_text("changed by hand")
    done = export()
    assert done.returncode == 2 and "is not as vestry left it" in done.stderr
    assert (site / "index.html").read_text() == "changed by hand"
    assert export("--force").returncode == 0
    assert "Vestry" in (site / "index.html").read_text()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "page").symlink_to(site)
    done = export(folder="link")
    assert done.returncode == 2 and "is a link" in done.stderr and "--web" in done.stderr
    done = export(folder=model)
    assert done.returncode == 2 and "--web takes a folder" in done.stderr
    done = export(folder=finished_run / "members")
    assert done.returncode == 2 and "among the files of the run" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "With --web DIR"),
        (("--web", "site", "--quantize"), "is exported already"),
        (("--web", "site", "-o", "other.onnx"), "is exported already"),
        (("--web", "site", "--no-images"), "is exported already"),
    ],
)
def test_a_file_becomes_a_page_and_nothing_else(vestry, tmp_path, arguments, words):
    made_bundle(tmp_path / "m.onnx")
    done = vestry("export", "m.onnx", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr
    assert not (tmp_path / "site").exists() and not (tmp_path / "other.onnx").exists()


def test_what_a_page_cannot_load_is_refused_with_both_sizes(vestry, tmp_path):
    made_bundle(tmp_path / "m.onnx", (400, 400), members=1, known=None, samples=None)
    done = vestry("export", "m.onnx", "--web", "site", cwd=tmp_path)
    assert done.returncode == 1 and "20 MB at most" in done.stderr and "6.4 MB" in done.stderr
    assert not (tmp_path / "site").exists()
    (tmp_path / "wrong.onnx").write_bytes(b"no model")
    done = vestry("export", "wrong.onnx", "--web", "site", cwd=tmp_path)
    assert done.returncode == 1 and "wrong.onnx" in done.stderr


def test_class_names_stay_text(browser, vestry, tmp_path):
    hostile = "<img src=x onerror='window.struck=1'>"
    model = made_bundle(tmp_path / "m.onnx", name=hostile, classes=(hostile, *CLASSES[1:]))
    vestry("export", model, "--web", tmp_path / "site")
    with served_folder(tmp_path / "site") as address:
        opened(browser, address)
        assert hostile in browser.find_element(By.ID, "knows").text
        assert browser.title.startswith(hostile)
        assert not browser.execute_script("return window.struck")


def test_the_runtime_is_the_published_one():
    folder = web_parts()["runtime/README.md"].parent
    text = (folder / "README.md").read_text()
    sums = dict(re.findall(r"\| `(\S+)` \| `dist/\S+` \| `([0-9a-f]{64})` \|", text))
    assert set(sums) == {"ort.js", "ort.wasm.gz"} and "1.30.0" in text
    from vestry.export.web_parts import content_of

    for name, digest in sums.items():
        assert hashlib.sha256(content_of(folder / name)).hexdigest() == digest
    assert "MIT License" in (folder / "LICENSE").read_text()
