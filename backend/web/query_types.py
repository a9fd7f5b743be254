"""Types of query parameters, which arrive as text."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

Number = Annotated[int, Field(strict=False)]

Id = Annotated[UUID, Field(strict=False)]

Flag = Annotated[Literal["true", "false"], AfterValidator(lambda value: value == "true")]


def _to_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Repeated = BeforeValidator(_to_list)
"""Marks a list whose name may occur in the query once or several times."""
