"""Bodies and paths made to do harm: each is answered with a 4xx, and nothing grows."""

import asyncio
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from running_server import RunningServer, message, read_answer
from served_app import NPZ, PNG, asked, form, made_app, noise, npz, png, tensor_body

from made_bundles import made_bundle

EACH = 500
FORM_STATUSES = {200, 400, 413, 415, 422}
PLANTED, SECRET = "planted", "secret-4d1f"


def mutated(body, random):
    """One to four of: flipped bits, overwritten or repeated stretches, cuts, insertions."""
    data = bytearray(body)
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(0, max(len(data), 1)))
        length = int(random.integers(1, 40))
        match int(random.integers(0, 6)):
            case 0:
                data[at : at + 1] = bytes([int(random.integers(0, 256))])
            case 1:
                data[at : at + length] = random.bytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = random.bytes(length)
            case 4:
                data[at:at] = data[at : at + length] * int(random.integers(1, 50))
            case 5:
                del data[at:]
    return bytes(data)


def sources():
    """What is mutated: path, body, headers, and which answers are right."""
    (image,) = noise()
    smooth = np.add.outer(np.arange(28) * 4, np.arange(28) * 4).astype(np.uint8)
    text, json_headers = tensor_body(noise(), id="a", parameters={"binary_data_output": False})
    infer = "/v2/models/made/infer"
    parts, form_type = form(("image", "a.png", png(image)), ("image", "b.png", png(smooth)))
    return {
        "png": ("/predict", [png(image), png(smooth)], {"content-type": PNG}, {200, 422}),
        "jpeg": ("/predict", [png(smooth, "JPEG")], {"content-type": "image/jpeg"}, {200, 422}),
        "npz": (
            "/predict/batch",
            [npz(images=noise(2)), npz(images=noise(), labels=np.arange(3))],
            {"content-type": NPZ},
            {200, 413, 422},
        ),
        "json": (infer, [text, text[:200]], json_headers, {200, 400}),
        "form": (
            "/predict/batch",
            [parts, parts[:200]],
            {"content-type": form_type},
            FORM_STATUSES,
        ),
    }


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("kind", ["png", "jpeg", "npz", "json", "form"])
def test_mutated_bodies_are_answered_and_nothing_grows(tmp_path, kind):
    app = made_app(tmp_path)
    path, bodies, headers, right = sources()[kind]
    random = np.random.default_rng(5)

    async def all_of_them():
        statuses = []
        for number in range(EACH):
            body = mutated(bodies[number % len(bodies)], random)
            got = await asked(app, "POST", path, body, headers=headers)
            assert got.status in right, (got.status, got.body, body)
            assert got.status == 200 or set(got.json) == {"error"}
            statuses.append(got.status)
        return statuses

    before = resident()
    statuses = asyncio.run(all_of_them())
    assert sum(status != 200 for status in statuses) > EACH / 4
    assert resident() - before < 50_000_000
    assert (app.shedder.images, app.shedder.held, app.shedder.coming) == (0, 0, 0)


UPS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "%252e%252e%252f", "....//")
UPS += ("..;/", "%c0%ae%c0%ae/", "..%00/", "./../", "%2e%2e%5c", "..%ef%bc%8f", "/../")
TARGETS = (f"{PLANTED}.txt", f"page/../{PLANTED}.txt", "etc/passwd", "app.py", "made.onnx")
PREFIXES = (
    "/page/{}",
    "/{}",
    "/models/{}",
    "/models/{}/samples",
    "/v2/models/{}",
    "/v2/models/{}/ready",
    "/v2/models/made/versions/{}",
    "/v2/models/made/versions/{}/ready",
    "/models/..{}",
    "/page/index.html/{}",
)


def payloads():
    """500 paths, and where in the request they stand."""
    ways = itertools.product((1, 6), TARGETS, UPS, PREFIXES)
    paths = list(dict.fromkeys(prefix.format(up * n + target) for n, target, up, prefix in ways))
    return paths[:: len(paths) // 480][:480]


def test_no_path_leads_out(tmp_path):
    (tmp_path / f"{PLANTED}.txt").write_text(SECRET)
    made_bundle(tmp_path / "made.onnx")
    image = png(noise()[0])
    with RunningServer(tmp_path, "made.onnx") as server:
        requests = [("GET", path, b"", {}) for path in payloads()]
        requests += [
            ("POST", f"/predict?model={up}{target}", image, {"Content-Type": PNG})
            for up in UPS
            for target in TARGETS[:2]
        ][:20]
        assert len({path for _, path, _, _ in requests}) == 500
        connection = server.connect()
        for method, path, body, headers in requests:
            connection.sendall(message(method, path, body, headers))
            status, found, content = read_answer(connection)
            assert 400 <= status < 500, (path, status)
            assert SECRET.encode() not in content
            assert b"root:" not in content
            assert set(json.loads(content)) == {"error"}
            if found.get("connection") == "close":
                connection.close()
                connection = server.connect()
        connection.close()
        assert server.ask("GET", "/v2/health/ready")[0] == 200
        assert server.stop() == 0
