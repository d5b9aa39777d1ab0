"""A model's content ready to run."""

import onnxruntime

from vestry.errors import ModelError, one_line


def onnx_session(content: bytes, name: str, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session that waits without spinning: a server shares its core with whoever asks.

    name: what an error calls the model. Raises ModelError where it does not run here.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises kinds of its own
        raise ModelError(f"{name}: it does not run here ({one_line(error)[:300]})") from None
