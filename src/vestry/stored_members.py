"""Fitted members taken from their folders again, for what is asked of them after training."""

from pathlib import Path

from vestry.engine.task import MANIFEST
from vestry.errors import MemberError
from vestry.members.member import FittedMember, kind_module
from vestry.run_folder import read_json


def stored_member(folder: Path) -> FittedMember:
    """The member whose task left `folder`; raises MemberError where its model was not stored."""
    card = read_json(folder / MANIFEST)
    if not card.get("stored"):
        raise MemberError(card.get("stored_note") or "its model was not stored")
    return kind_module(card["kind"]).load(folder, card)
