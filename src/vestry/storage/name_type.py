"""The one type of a member's or committee's name in a study file."""

from typing import Annotated

from pydantic import AfterValidator

from vestry.storage.names import folder_name

Name = Annotated[str, AfterValidator(folder_name)]
"""It names a folder of the run, so it is held to `folder_name` before any work."""
