"""What a query string may say. Everything in it is text, and is read as what it means."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

Number = Annotated[int, Field(strict=False)]

Id = Annotated[UUID, Field(strict=False)]

Flag = Annotated[Literal["true", "false"], AfterValidator(lambda said: said == "true")]


def _all(said: Any) -> Any:
    return [said] if isinstance(said, str) else said


Repeated = BeforeValidator(_all)
"""Marks a list whose name may stand in the query once or several times."""
