"""The shapes of what the server takes and gives, in JSON Schema."""

from typing import Any

from vestry.data.image_set import PREPARATIONS

Document = dict[str, Any]

TEXT: Document = {"type": "string"}
NUMBER: Document = {"type": "number"}
INTEGER: Document = {"type": "integer"}
FLAG: Document = {"type": "boolean"}
FACTS: Document = {"type": "object"}
BINARY: Document = {"type": "string", "format": "binary"}


def ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Document) -> Document:
    return {"type": "array", "items": items}


def optional(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


def fields(properties: Document, *required: str) -> Document:
    return {"type": "object", "properties": properties, "required": list(required or properties)}


SCHEMAS: Document = {
    "Error": fields({"error": TEXT}),
    "Vote": fields(
        {"member": TEXT, "class": TEXT, "confidence": NUMBER, "probabilities": array(NUMBER)}
    ),
    "Answer": fields(
        {
            "model": TEXT,
            "class": TEXT,
            "label": INTEGER,
            "confidence": NUMBER,
            "sure": optional(FLAG),
            "threshold": optional(NUMBER),
            "top": array(fields({"class": TEXT, "probability": NUMBER})),
            "agreeing": INTEGER,
            "votes": array(ref("Vote")),
        },
        *("model", "class", "label", "confidence", "sure", "threshold", "top"),
    ),
    "FileAnswer": {
        "anyOf": [
            {"allOf": [fields({"file": TEXT}), ref("Answer")]},
            fields({"file": TEXT, "error": TEXT}),
        ]
    },
    "Model": fields(
        {
            "name": TEXT,
            "slug": TEXT,
            "title": TEXT,
            "classes": array(TEXT),
            "image_shape": array(INTEGER),
            "preparation": {"enum": list(PREPARATIONS)},
            "border": optional({"enum": ["dark", "light"]}),
            "members": array(TEXT),
            "rule": optional(TEXT),
            "scores": FACTS,
            "threshold": optional(NUMBER),
            "licence": optional(TEXT),
            "parameters": optional(INTEGER),
            "quantized": optional(FACTS),
            "certificate": FACTS,
        }
    ),
    "Sample": fields({"id": TEXT, "class": TEXT, "label": INTEGER, "image": TEXT}),
    "Details": fields(
        {
            "prepared": TEXT,
            "untouched": FLAG,
            "strip": array(fields({"step": TEXT, "words": TEXT, "image": TEXT})),
            "warnings": array(TEXT),
            "nearest": array({"allOf": [ref("Sample"), fields({"similarity": NUMBER})]}),
            "abstention": FACTS,
        }
    ),
    "TensorFacts": fields({"name": TEXT, "datatype": TEXT, "shape": array(INTEGER)}),
    "Tensor": fields(
        {
            "name": TEXT,
            "datatype": TEXT,
            "shape": array(INTEGER),
            "parameters": FACTS,
            "data": array({}),
        },
        *("name", "datatype", "shape"),
    ),
    "InferenceRequest": fields(
        {
            "id": TEXT,
            "parameters": FACTS,
            "inputs": array(ref("Tensor")),
            "outputs": array(fields({"name": TEXT, "parameters": FACTS}, "name")),
        },
        "inputs",
    ),
    "InferenceResponse": fields(
        {
            "model_name": TEXT,
            "model_version": TEXT,
            "id": TEXT,
            "outputs": array(ref("Tensor")),
        },
        *("model_name", "model_version", "outputs"),
    ),
}
