"""The rows of Better Auth's other tables, whose columns are written in any case."""

from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backend.features.user_transfer.records import Record
from backend.features.user_transfer.user_record import describe_error, fold

Row = TypeVar("Row", bound=BaseModel)


def parse_row(record: Record, model: type[Row]) -> Row:
    """Parse a record as a row of a table; raises ValueError with the reason."""
    if record.problem:
        raise ValueError(record.problem)
    fields = _list_fields(model)
    values = {
        known: value
        for name, value in record.fields.items()
        if value is not None and (known := fields.get(fold(name)))
    }
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ValueError(describe_error(error)) from None


@cache
def _list_fields(model: type[BaseModel]) -> dict[str, str]:
    return {fold(name): name for name in model.model_fields}
