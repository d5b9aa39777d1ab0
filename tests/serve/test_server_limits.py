"""What one request may ask for, how many are let in, and how long they take."""

import asyncio
import io
import struct
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from served_app import NPZ, PNG, ask, asked, form, made_app, noise, npz, png

from vestry.serve.http.batching import BatchingSettings
from vestry.serve.http.request import Limits

SMALL = Limits(
    max_image_bytes=2000,
    max_batch_bytes=4000,
    body_seconds=0.2,
    linger_seconds=0.05,
    max_unfinished_bytes=3000,
    max_images=3,
)


@pytest.fixture(scope="module")
def small_app(tmp_path_factory):
    return made_app(tmp_path_factory.mktemp("small"), limits=SMALL)


@pytest.fixture(scope="module")
def plain_app(tmp_path_factory):
    return made_app(tmp_path_factory.mktemp("plain"))


def test_a_body_of_a_great_length_is_refused_before_it_is_read(small_app):
    for length in ("2001", "9" * 30):
        got = ask(
            small_app,
            "POST",
            "/predict",
            kind=PNG,
            pieces=[b""],
            headers={"content-length": length},
        )
        assert (got.status, got.headers["connection"]) == (413, "close")


def test_an_endless_body_is_not_read_on(small_app):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 500

    limits = Limits(max_image_bytes=2000, linger_seconds=0)
    small_app.context.__dict__["limits"] = limits
    try:
        got = ask(small_app, "POST", "/predict", kind=PNG, pieces=endless())
    finally:
        small_app.context.__dict__["limits"] = SMALL
    assert (got.status, got.headers["connection"]) == (413, "close")
    assert taken < 10


def test_a_slow_body_is_given_up(small_app):
    async def never():
        await asyncio.sleep(60)

    start = time.monotonic()
    got = ask(small_app, "POST", "/predict", kind=PNG, pieces=[b"\x89PNG", never, b"x"])
    assert (got.status, got.headers["connection"]) == (408, "close")
    assert time.monotonic() - start < 30


def test_unfinished_bodies_are_held_up_to_a_bound(small_app):
    async def together():
        async def wait():
            await asyncio.sleep(0.1)
            return b"y"

        pieces = [b"x" * 1400, wait, b"z"]
        requests = [asked(small_app, "POST", "/predict", kind=PNG, pieces=pieces) for _ in range(4)]
        return await asyncio.gather(*requests)

    statuses = sorted(got.status for got in asyncio.run(together()))
    assert statuses == [422, 422, 503, 503]
    assert small_app.shedder.held == 0


def test_compressed_bodies_are_not_unfolded(small_app):
    bomb = zlib.compress(bytes(1000))
    for encoding in ("gzip", "deflate", "br", "gzip, identity"):
        headers = {"content-encoding": encoding}
        got = ask(small_app, "POST", "/predict", bomb, PNG, headers)
        assert (got.status, encoding[:4] in got.error) == (415, True)
    got = ask(small_app, "POST", "/predict", png(noise()[0]), PNG, {"content-encoding": "identity"})
    assert got.status == 200


def huge_png(side=30_000):
    """A true PNG of one colour, of some hundred kB, that would take 900 MB."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(side + 1)) for _ in range(3000)) + row.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_huge_picture_is_refused_by_its_header(tmp_path):
    app = made_app(tmp_path)
    body = huge_png()
    assert 50_000 < len(body) < 150_000
    tracemalloc.start()
    try:
        got = ask(app, "POST", "/predict", body, PNG)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (got.status, "900 megapixels" in got.error) == (422, True)
    assert peak < 5_000_000


def test_a_form_has_a_bounded_number_of_parts(small_app):
    body, kind = form(*[("image", "a.png", b"x")] * 4)
    got = ask(small_app, "POST", "/predict/batch", body, kind)
    assert (got.status, "more than 3 parts" in got.error) == (413, True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=" + "x" * 300),
        (b"nothing of the kind", "multipart/form-data; boundary=xXx"),
        (form(("image", "a", b"x"))[0][:-9], "multipart/form-data; boundary=xXx"),
        (b"--xXx--\r\n", "multipart/form-data; boundary=xXx"),
        (b"--xXx\r\n" + b"a: b\r\n" * 20 + b"\r\n", "multipart/form-data; boundary=xXx"),
        (b"--xXx\r\na: " + b"b" * 3000, "multipart/form-data; boundary=xXx"),
    ],
)
def test_damaged_forms_are_refused(plain_app, body, kind):
    for place in ("/predict", "/predict/batch"):
        assert ask(plain_app, "POST", place, body, kind).status == 400


def zipped(*members, kind=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def array_bytes(images):
    with zipfile.ZipFile(io.BytesIO(npz(images=images))) as archive:
        return archive.read("images.npy")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (zipped(("images.npy", array_bytes(noise(2)) + bytes(5_000_000))), "do not agree"),
        (zipped(("images.npy", array_bytes(np.zeros((500, 28, 28), np.uint8)))), "beyond reason"),
        (zipped(*[(str(number), b"") for number in range(101)]), "100 entries"),
        (zipped(("images.npy", array_bytes(noise())), kind=zipfile.ZIP_LZMA), "numpy.savez"),
        (zipped(("images.npy", b"")), "not a readable"),
        (b"PK\x05\x06" + bytes(18), "no array"),
        (b"", "not a readable"),
    ],
)
def test_archives_that_mislead_are_refused(plain_app, body, word):
    got = ask(plain_app, "POST", "/predict/batch", body, NPZ)
    assert (got.status, word in got.error) == (422, True), got.error


class Slow:
    """A model that takes its time, and remembers how many images came together."""

    def __init__(self, predictor, seconds):
        self.predictor, self.seconds, self.batches = predictor, seconds, []

    def __call__(self, images):
        self.batches.append(len(images))
        time.sleep(self.seconds)
        return self.predictor.votes(images)


def slowed(folder, seconds, **batching):
    """An application whose model is slow, in its thread."""
    app = made_app(folder, batching=BatchingSettings(**batching))
    model = app.context.default
    slow = Slow(model.predictor, seconds)
    model.batcher.predict = slow
    model.batcher.thread = app.context.thread
    return app, slow


def at_once(app, count):
    async def together():
        bodies = [png(image) for image in noise(count)]
        return await asyncio.gather(*(asked(app, "POST", "/predict", body, PNG) for body in bodies))

    return asyncio.run(together())


def test_requests_beyond_the_queue_are_refused_and_may_try_again(tmp_path):
    app, _ = slowed(tmp_path, 0.1, max_queue=4)
    got = at_once(app, 10)
    assert sorted(g.status for g in got) == [200] * 4 + [503] * 6
    refused = next(g for g in got if g.status == 503)
    assert (refused.headers["retry-after"], "error" in refused.json) == ("1", True)
    assert app.shedder.images == 0
    assert ask(app, "POST", "/predict", png(noise()[0]), PNG).status == 200
    metrics = ask(app, "GET", "/metrics").body.decode()
    assert 'vestry_refused_total{reason="full"} 6.0' in metrics


def test_a_full_queue_refuses_before_anything_is_read(tmp_path):
    app, _ = slowed(tmp_path, 0, max_queue=1)
    app.shedder.images = 1

    async def never():
        raise AssertionError("the body was read")

    for place in ("/predict", "/predict/batch", "/v2/models/made/infer", "/nowhere"):
        got = ask(
            app,
            "POST",
            place,
            kind="no/type",
            pieces=[never, b"x"],
            headers={"content-length": "5"},
        )
        assert (got.status, "connection" in got.headers) == (503, False)
    assert ask(app, "GET", "/v2/health/live").status == 200


def test_images_that_wait_form_batches(tmp_path):
    app, slow = slowed(tmp_path, 0.02, max_images=8)
    assert {g.status for g in at_once(app, 20)} == {200}
    assert slow.batches == [8, 8, 4]


def test_large_requests_are_cut_into_batches_and_put_together_again(tmp_path):
    app, slow = slowed(tmp_path, 0, max_images=8)
    images = noise(21)
    got = ask(app, "POST", "/predict/batch", npz(images=images), NPZ)
    labels = app.context.default.predictor(images).argmax(axis=1)
    assert [row["label"] for row in got.json] == labels.tolist()
    assert slow.batches == [8, 8, 5]


def test_an_image_waits_for_those_that_are_being_decoded(tmp_path):
    app, slow = slowed(tmp_path, 0, wait_seconds=5.0)
    small, large = png(noise()[0]), png(np.zeros((400, 400), np.uint8))

    async def together():
        return await asyncio.gather(
            asked(app, "POST", "/predict", large, PNG), asked(app, "POST", "/predict", small, PNG)
        )

    start = time.monotonic()
    assert [got.status for got in asyncio.run(together())] == [200, 200]
    assert slow.batches == [2]
    assert time.monotonic() - start < 5


def test_an_answer_after_the_deadline_is_given_up(tmp_path):
    app, slow = slowed(tmp_path, 0.3, deadline_seconds=0.1, max_images=1)
    bodies = [png(image) for image in noise(4)]

    async def late_and_later():
        late = await asyncio.gather(
            *(asked(app, "POST", "/predict", body, PNG) for body in bodies[:3])
        )
        await asyncio.sleep(0.4)
        slow.seconds = 0
        return late, await asked(app, "POST", "/predict", bodies[3], PNG)

    late, later = asyncio.run(late_and_later())
    assert [(got.status, got.headers["retry-after"]) for got in late] == [(503, "1")] * 3
    assert "deadline" in late[0].error
    assert later.status == 200
    assert slow.batches == [1, 1], "what is given up is not computed any more"
    assert app.shedder.images == 0


def test_who_hangs_up_leaves_nothing_behind(tmp_path):
    app, _ = slowed(tmp_path, 0)

    async def hang_up():
        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            raise AssertionError("nobody is there")

        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
        await app(scope | {"headers": [(b"content-type", b"image/png")]}, receive, send)

    asyncio.run(hang_up())
    assert (app.shedder.images, app.shedder.held, app.shedder.coming) == (0, 0, 0)
    metrics = ask(app, "GET", "/metrics").body.decode()
    assert 'vestry_requests_total{method="POST",route="/predict",status="499"} 1.0' in metrics


def test_a_fault_of_ours_is_said_to_the_log_alone(tmp_path, capfd):
    app, slow = slowed(tmp_path, 0)
    slow.predictor = None
    got = ask(app, "POST", "/predict", png(noise()[0]), PNG)
    assert (got.status, got.json) == (500, {"error": "the server failed; its log says why"})
    app.settle()
    assert "AttributeError" in capfd.readouterr().err
    assert app.shedder.images == 0


def test_a_stopping_server_lets_nobody_in(tmp_path):
    app, _ = slowed(tmp_path, 0.2)

    async def stop_meanwhile():
        accepted = asyncio.create_task(asked(app, "POST", "/predict", png(noise()[0]), PNG))
        await asyncio.sleep(0.05)
        app.shedder.stopping = True
        late = await asked(app, "POST", "/predict", png(noise()[0]), PNG)
        ready = await asked(app, "GET", "/v2/health/ready")
        live = await asked(app, "GET", "/v2/health/live")
        return [(await accepted).status, late.status, ready.status, live.status]

    assert asyncio.run(stop_meanwhile()) == [200, 503, 503, 200]
