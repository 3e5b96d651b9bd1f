"""Types of the columns that are handed on: those that Parquet, pandas and Spark all know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from nli_lifecycle.nli.data.pairs import DataError

_WIDER = {
    pa.null(): pa.string(),
    pa.large_string(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
}
_AS_THEY_ARE = (
    *(pa.types.is_boolean, pa.types.is_signed_integer, pa.types.is_floating, pa.types.is_string),
    *(pa.types.is_binary, pa.types.is_date32, pa.types.is_decimal128),
)


def portable(kind: pa.DataType, where: str) -> pa.DataType:
    """The type as which a column is handed on: its own, or one that holds all its values.

    Times are in microseconds, as Spark has no finer ones.

    Args:
        kind: the file's.
        where: names file and column.

    Raises:
        DataError: there is none.
    """
    if pa.types.is_dictionary(kind):
        return portable(kind.value_type, where)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(portable(kind.value_type, where))
    if pa.types.is_struct(kind):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        return pa.struct([pa.field(field.name, portable(field.type, where)) for field in fields])
    kind = _WIDER.get(kind, kind)
    if any(known(kind) for known in _AS_THEY_ARE):
        return kind
    raise DataError(
        f"{where} is of type {kind}, which cannot be handed on. Name the columns that can in "
        "batch_scoring.options.keep."
    )


def same_types(files: Mapping[str, Sequence[pa.Field]]) -> list[pa.Field]:
    """The columns of all files: one that some lack is empty there.

    Raises:
        DataError: two files disagree on a column's type.
    """
    fields: dict[str, pa.Field] = {}
    first: dict[str, str] = {}
    for where, columns in files.items():
        for field in columns:
            known = fields.setdefault(field.name, field)
            first.setdefault(field.name, where)
            if known.type != field.type:
                raise DataError(
                    f"Column {field.name!r} is {known.type} in {first[field.name]} but "
                    f"{field.type} in {where}. Score them apart, or leave the column out: "
                    "batch_scoring.options.keep."
                )
    return list(fields.values())
