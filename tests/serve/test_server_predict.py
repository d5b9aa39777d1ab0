"""Pictures over HTTP, and what the server says of itself."""

import asyncio
import re

import numpy as np
import pytest
from pydantic import TypeAdapter
from served_app import NPZ, PNG, ask, asked, form, made_app, noise, npz, png, tensor_body
from starlette.applications import Starlette
from starlette.routing import Route

from made_bundles import CLASSES, NOVELTY, SETS, made_bundle
from vestry.errors import ModelError
from vestry.serve import schemas
from vestry.serve.http.context import check_files
from vestry.serve.http.pages import Page
from vestry.serve.predictor import Predictor

OF_SOME_FILES = {"set", "set_by_class", "unlike", "likeness"}
"""Told by files that have thresholds for them."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_bundle(tmp_path_factory.mktemp("served") / "made.onnx")


@pytest.fixture(scope="module")
def app(path):
    return made_app(path.parent, [path])


@pytest.fixture(scope="module")
def predictor(path):
    return Predictor(path)


def test_a_png_is_answered_as_the_predictor_answers(app, predictor):
    (image,) = noise()
    got = ask(app, "POST", "/predict", png(image), PNG)
    assert got.status == 200
    probabilities = predictor(image)[0]
    label = int(probabilities.argmax())
    assert got.json["class"] == CLASSES[label]
    assert got.json["confidence"] == pytest.approx(probabilities[label], abs=1e-6)
    assert got.json["sure"] is bool(probabilities[label] >= 0.6)
    assert [vote["member"] for vote in got.json["votes"]] == ["Member 1", "Member 2"]


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "application/octet-stream"])
def test_the_content_decides_what_a_picture_is(app, kind):
    (image,) = noise()
    assert ask(app, "POST", "/predict", png(image), kind).status == 200
    assert ask(app, "POST", "/predict", png(image, "JPEG"), kind).status == 200


def test_a_form_has_its_image_in_the_field_image(app):
    (image,) = noise()
    whole = ask(app, "POST", "/predict", png(image), PNG).json
    body, kind = form(("note", "a.txt", b"hello"), ("image", "shirt.png", png(image)))
    assert ask(app, "POST", "/predict", body, kind).json == whole
    body, kind = form(("picture", "shirt.png", png(image)))
    assert "0 fields `image`" in ask(app, "POST", "/predict", body, kind).error


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_form_need_not_name_its_file(app, kind):
    data = png(noise()[0], kind)
    body, content_type = form(("image", "shirt", data))
    unnamed = body.replace(b'; filename="shirt"', b"")
    assert len(unnamed) < len(body)
    got = ask(app, "POST", "/predict", unnamed, content_type)
    assert (got.status, got.json) == (200, ask(app, "POST", "/predict", data, PNG).json)
    (row,) = ask(app, "POST", "/predict/batch", unnamed, content_type).json
    assert (row["file"], row["class"]) == ("image 1", got.json["class"])


def test_a_form_stays_in_memory(app, monkeypatch):
    def rollover(_):
        raise AssertionError("a picture was written to a file")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", rollover)
    data = png(np.random.default_rng(0).integers(0, 256, (900, 900, 3), np.uint8))
    assert len(data) > 2_000_000
    body, kind = form(("image", "large.png", data))
    for place in ("/predict", "/predict/batch"):
        assert ask(app, "POST", place, body, kind).status == 200


def test_parts_that_are_encoded_for_transfer_are_refused(app):
    body, kind = form(("image", "a.png", png(noise()[0])))
    for encoding, status in (("base64", 415), ("quoted-printable", 415), ("Binary", 200)):
        header = f"Content-Transfer-Encoding: {encoding}\r\nContent-Type: ".encode()
        encoded = body.replace(b"Content-Type: ", header)
        for place in ("/predict", "/predict/batch"):
            assert ask(app, "POST", place, encoded, kind).status == status


def test_a_large_photograph_is_decoded_aside_and_answered(app):
    photo = np.full((900, 700, 3), 250, np.uint8)
    photo[200:700, 200:500] = (20, 60, 120)
    assert ask(app, "POST", "/predict", png(photo), PNG).json["class"] in CLASSES


def test_details_say_what_the_model_saw(app):
    (image,) = noise()
    plain = ask(app, "POST", "/predict", png(image), PNG).json
    detailed = ask(app, "POST", "/predict?details=1", png(image), PNG).json
    assert plain.items() <= detailed.items()
    assert len(detailed) > len(plain)
    assert ask(app, "POST", "/predict?details=yes", png(image), PNG).status == 400


def test_a_batch_reports_a_bad_file_in_its_place(app, predictor):
    images = noise(3)
    body, kind = form(
        ("image", "a.png", png(images[0])),
        ("image", "notes.txt", b"no image"),
        ("image", "c.png", png(images[2])),
    )
    got = ask(app, "POST", "/predict/batch", body, kind)
    assert got.status == 200
    first, bad, third = got.json
    assert (first["file"], third["file"]) == ("a.png", "c.png")
    labels = predictor(images).argmax(axis=1)
    assert (first["label"], third["label"]) == (labels[0], labels[2])
    assert bad["file"] == "notes.txt"
    assert "notes.txt" in bad["error"]
    body, kind = form(("image", "notes.txt", b"no image"))
    assert ask(app, "POST", "/predict/batch", body, kind).status == 422


@pytest.mark.parametrize("count", [1, 33, 100])
def test_an_array_is_answered_row_by_row(app, predictor, count):
    images = noise(count)
    got = ask(app, "POST", "/predict/batch", npz(images=images), NPZ)
    assert [row["label"] for row in got.json] == predictor(images).argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("arrays", "status", "word"),
    [
        ({"images": noise(513)}, 413, "513 images"),
        ({"images": noise(0)}, 422, "0 images"),
        ({"images": noise(2).astype(float)}, 422, "float64"),
        ({"images": noise(2, (27, 28))}, 422, "(2, 27, 28)"),
        ({"images": np.array([object()])}, 422, "object"),
        ({"pictures": noise()}, 422, "no array `images`"),
    ],
)
def test_other_arrays_are_refused(app, arrays, status, word):
    got = ask(app, "POST", "/predict/batch", npz(**arrays), NPZ)
    assert (got.status, word in got.error) == (status, True), got.error


def test_two_models_are_told_apart(tmp_path):
    paths = [
        made_bundle(tmp_path / "one.onnx", name="A CNN (small)"),
        made_bundle(tmp_path / "two.onnx", name="Rot 13", classes=("ja", "nein")),
        made_bundle(tmp_path / "three.onnx", name="Rot 13", classes=("a", "b"), quantized={}),
    ]
    app = made_app(tmp_path, paths)
    facts = ask(app, "GET", "/models").json
    assert [model["slug"] for model in facts] == ["a-cnn-small", "rot-13", "rot-13-int8"]
    assert facts[1]["classes"] == ["ja", "nein"]
    assert (facts[0]["licence"], facts[0]["threshold"]) == ("MIT", 0.6)
    body = png(noise()[0])
    assert ask(app, "POST", "/predict", body, PNG).json["model"] == "A CNN (small)"
    assert ask(app, "POST", "/predict?model=rot-13", body, PNG).json["class"] in ("ja", "nein")
    missing = ask(app, "POST", "/predict?model=../one", body, PNG)
    assert (missing.status, "there is a-cnn-small" in missing.error) == (404, True)


def test_models_of_one_name_are_refused(tmp_path):
    paths = [made_bundle(tmp_path / "a.onnx"), made_bundle(tmp_path / "b.onnx")]
    with pytest.raises(ModelError, match=r"b\.onnx: its name is 'Made'"):
        check_files(paths)


def test_a_quantised_model_is_served_only_by_name(tmp_path, monkeypatch):
    path = made_bundle(tmp_path / "made.onnx", quantized={"accuracy": {"change": -0.01}})
    monkeypatch.setattr("vestry.serve.http.context.READY", path)
    assert [file.path for file in check_files([path])] == [path]
    with pytest.raises(ModelError, match="only where it is named"):
        check_files([])


def test_samples_are_data_urls(app):
    got = ask(app, "GET", "/models/made/samples").json
    assert len(got) == len(CLASSES)
    assert {entry["class"] for entry in got} == set(CLASSES)
    assert got[0]["image"].startswith("data:image/png;base64,")
    assert ask(app, "GET", "/models/other/samples").status == 404


def test_the_page_may_do_nothing_but_what_it_needs(path):
    app = made_app(path.parent, [path])
    got = ask(app, "GET", "/")
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = got.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "no-referrer"
    assert ask(app, "GET", "/models").headers["x-content-type-options"] == "nosniff"
    for name in re.findall(r'(?:src|href)="(page/[^"]+)"', got.body.decode()):
        assert ask(app, "GET", f"/{name}").status == 200
    again = ask(app, "GET", "/", headers={"if-none-match": got.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_only_named_files_of_the_page_are_given(tmp_path):
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "secret.txt").write_text("no")
    (tmp_path / "folder.js").mkdir()
    (tmp_path / "linked.js").symlink_to("/etc/hostname")
    app = Starlette(routes=[Route("/page/{file}", Page(tmp_path).file)])
    assert ask(app, "GET", "/page/index.html").body == b"<p>"
    for name in ("secret.txt", "folder", "folder.js", "linked.js", "nothing.js", "."):
        assert ask(app, "GET", f"/page/{name}").status == 404


def test_the_description_names_what_is_answered_and_no_more(app):
    described = ask(app, "GET", "/openapi.json").json
    named = {
        (path, method.upper())
        for path, operations in described["paths"].items()
        for method in operations
    }
    assert named == {(route.path, route.method) for route in app.routes}
    for path, operations in described["paths"].items():
        for operation in operations.values():
            given = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert given == set(re.findall(r"{(\w+)}", path))
    for name in re.findall(r"#/components/schemas/(\w+)", str(described)):
        assert name in described["components"]["schemas"]


def test_answers_have_the_described_fields(app):
    schemas = ask(app, "GET", "/openapi.json").json["components"]["schemas"]
    answer = ask(app, "POST", "/predict", png(noise()[0]), PNG).json
    assert set(answer) == set(schemas["Answer"]["properties"]) - OF_SOME_FILES
    assert set(ask(app, "GET", "/models").json[0]) == set(schemas["Model"]["properties"])
    (sample, *_) = ask(app, "GET", "/models/made/samples").json
    assert set(sample) == set(schemas["Sample"]["properties"])
    detailed = ask(app, "POST", "/predict?details=1", png(noise()[0]), PNG).json
    assert set(detailed) == set(schemas["DetailedAnswer"]["properties"]) - OF_SOME_FILES
    assert detailed["strip"]
    assert set(detailed["strip"][0]) == {"step", "words", "image"}
    assert set(detailed["nearest"][0]) == set(sample) | {"similarity"}


def test_answers_have_the_described_types(app):
    image, infer = png(noise()[0]), "/v2/models/made/infer"
    many, form_type = form(("image", "a.png", image), ("image", "notes.txt", b"no image"))
    tensors, headers = tensor_body(noise())
    answers = {
        schemas.Answer: ask(app, "POST", "/predict", image, PNG),
        schemas.DetailedAnswer: ask(app, "POST", "/predict?details=1", image, PNG),
        list[schemas.FileAnswer | schemas.FileError]: ask(
            app, "POST", "/predict/batch", many, form_type
        ),
        list[schemas.Model]: ask(app, "GET", "/models"),
        list[schemas.Sample]: ask(app, "GET", "/models/made/samples"),
        schemas.Error: ask(app, "GET", "/nowhere"),
        schemas.Server: ask(app, "GET", "/v2"),
        schemas.Live: ask(app, "GET", "/v2/health/live"),
        schemas.Ready: ask(app, "GET", "/v2/health/ready"),
        schemas.ModelReady: ask(app, "GET", "/v2/models/made/ready"),
        schemas.ModelMetadata: ask(app, "GET", "/v2/models/made"),
        schemas.InferenceResponse: ask(app, "POST", infer, tensors, headers=headers),
    }
    for kind, got in answers.items():
        assert TypeAdapter(kind).validate_json(got.body, strict=True, extra="forbid"), kind


@pytest.mark.parametrize(
    ("method", "place", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/predict/", 404),
        ("GET", "/predict", 405),
        ("DELETE", "/models", 405),
        ("POST", "/", 405),
        ("BREW", "/v2", 405),
    ],
)
def test_wrong_paths_and_methods(app, method, place, status):
    got = ask(app, method, place)
    assert got.status == status
    assert got.error
    assert ("allow" in got.headers) is (status == 405)


def test_curl_without_a_type_is_told_how(app):
    got = ask(app, "POST", "/predict", b"x", "application/x-www-form-urlencoded")
    assert got.status == 415
    assert "curl -H 'Content-Type: image/png' --data-binary" in got.error
    assert ask(app, "POST", "/predict", b"x").status == 415


@pytest.mark.parametrize(
    "query", ["thing=1", "model=made&details=1&more=2", "%zz=", "a;b", "&" * 40]
)
def test_a_query_is_understood_whole_or_refused(app, query):
    assert ask(app, "POST", f"/predict?{query}", png(noise()[0]), PNG).status == 400


def test_metrics_count_what_was_answered(path):
    app = made_app(path.parent, [path])
    images = noise(5)

    async def together():
        await asyncio.gather(*(asked(app, "POST", "/predict", png(i), PNG) for i in images))
        for nowhere in ("/a", "/b", "/page/..", "/page/x"):
            await asked(app, "GET", nowhere)
        return await asked(app, "GET", "/metrics")

    text = asyncio.run(together()).body.decode()
    assert 'vestry_requests_total{method="POST",route="/predict",status="200"} 5.0' in text
    assert 'vestry_requests_total{method="GET",route="unknown",status="404"} 2.0' in text
    assert 'vestry_requests_total{method="GET",route="/page/{file}",status="404"} 2.0' in text
    assert 'vestry_request_seconds_count{route="/predict"} 5.0' in text
    assert 'vestry_batch_images_sum{model="made"} 5.0' in text
    assert 'vestry_batch_images_count{model="made"} 1.0' in text
    assert "vestry_queue_images 0.0" in text
    counted = re.findall(r"vestry_predictions_total\{class=.*,model=\"made\"\} (\S+)", text)
    assert sum(map(float, counted)) == 5
    assert sum(map(float, re.findall(r"vestry_answers_total\{.*\} (\S+)", text))) == 5


def test_sets_and_likeness_are_in_every_answer_and_described(tmp_path):
    path = made_bundle(tmp_path / "wary.onnx", sets=SETS, novelty=NOVELTY)
    app = made_app(tmp_path, [path])
    (image,) = noise()
    got = ask(app, "POST", "/predict", png(image), PNG).json
    TypeAdapter(schemas.Answer).validate_python(got)
    probabilities = Predictor(path)(image)[0]
    wanted = {CLASSES[k] for k in np.flatnonzero(probabilities >= 0.2)}
    assert set(got["set"]) == wanted | {got["class"]} and got["set"][0] == got["class"]
    assert CLASSES[0] in got["set_by_class"], "its own threshold is 0"
    assert got["unlike"] is True and got["likeness"] < 0.5
    (many,) = ask(app, "POST", "/predict/batch", npz(images=image[None]), NPZ).json
    assert many == got
    body, kind = form(("image", "a.png", png(image)))
    (named,) = ask(app, "POST", "/predict/batch", body, kind).json
    assert named == {"file": "a.png", **got}
    details = ask(app, "POST", "/predict?details=1", png(image), PNG).json
    TypeAdapter(schemas.DetailedAnswer).validate_python(details)
    assert details["sets"] == SETS and details["novelty"] == NOVELTY
    (model,) = ask(app, "GET", "/models").json
    assert model["sets"] == SETS and model["novelty"] == NOVELTY
    described = ask(app, "GET", "/openapi.json").json["components"]["schemas"]["Answer"]
    assert set(described["properties"]) >= OF_SOME_FILES
    assert "set" not in described["required"]
