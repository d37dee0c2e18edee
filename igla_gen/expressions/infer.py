"""What each part of an expression is: finds arguments, sizes and comparisons that cannot be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from igla_gen.diagnostics import Span, nearest, suggestion
from igla_gen.expressions import calls
from igla_gen.expressions.kinds import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    STRING,
    UNKNOWN,
    Array,
    Bindings,
    Function,
    Kind,
    Maybe,
    Param,
    Plain,
    Record,
    Several,
    Shape,
    ShapeError,
    Table,
    Unknown,
    Words,
    broadcast,
    is_number,
    is_text,
    join,
    matmul,
    number_of,
    same,
    show_kind,
    show_shape,
    strip,
)
from igla_gen.expressions.tree import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Ellipsis_,
    Expression,
    Index,
    Items,
    Logical,
    Name,
    Number,
    Slice,
    Text,
    Unary,
    show,
)
from igla_gen.frozen import frozen

CONSTANTS: dict[str, Kind] = {
    "pi": FLOAT, "inf": FLOAT, "true": BOOL, "false": BOOL, "none": NONE,
}  # fmt: skip
DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "bool")


@frozen
class Fault:
    """Something in an expression that cannot be right; `name` is the rule that reports it."""

    name: str
    message: str
    span: Span
    hint: str | None = None


@dataclass(slots=True)
class Inference:
    """The kinds of names, and the faults found so far."""

    kinds: Mapping[str, Kind]
    open_types: frozenset[str] = frozenset()  # records that may have more attributes than fields
    faults: list[Fault] = field(default_factory=list)
    present: frozenset[str] = frozenset()  # what is not none here, since a condition asks

    def fault(self, name: str, message: str, span: Span, hint: str | None = None) -> Kind:
        self.faults.append(Fault(name, message, span, hint))
        return UNKNOWN

    def infer(self, node: Expression, *, elementwise: bool = False) -> Kind:
        """What the expression is worth. `elementwise`: a comparison of tensors gives a tensor."""
        try:
            return self._infer(node, elementwise)
        except ShapeError as error:
            return self.fault("dimension-mismatch", str(error), node.span)

    def infer_refused(self, node: Expression) -> None:
        """A call that must be refused: its sizes and values are wrong on purpose, its form is not."""
        if not isinstance(node, Call):
            self.infer(node)
            return
        function = self.infer(node.function) if not self._is_vocabulary(node) else UNKNOWN
        for part in (*node.arguments, *(value for _, value in node.keywords)):
            self.infer(part, elementwise=True)
        if isinstance(function, Function):
            self._match(node, function)

    def expect_bool(self, node: Expression, what: str, *, asks_for_none: bool = False) -> None:
        """Reports a statement that is no statement; a condition may be what is there or none."""
        whole = self.infer(node)
        kind = UNKNOWN if asks_for_none and isinstance(whole, Maybe) else strip(whole)
        is_test = isinstance(kind, Array) and kind.dtype == "bool"
        if not (kind == UNKNOWN or is_test or _is(kind, "Bool")):
            self.fault(
                "ill-typed-expression", f"{what} is true or false, not {show_kind(kind)}",
                node.span, "compare it with something: == != < <= > >= ~=",
            )  # fmt: skip

    def expect(self, node: Expression, wanted: Kind, what: str) -> None:
        """Reports an expression whose value is not of the type that is promised."""
        kind = self.infer(node)
        may_lack = isinstance(kind, Maybe) and not isinstance(wanted, Maybe | Unknown)
        if not fits(kind, wanted) or may_lack:
            self.fault(
                "ill-typed-expression", f"{what} is {show_kind(wanted)}, not {show_kind(kind)}",
                node.span, "make a whole number of it: // in place of /, floor, ceil or round"
                if is_number(kind) and wanted == INT else None,
            )  # fmt: skip

    def _infer(self, node: Expression, elementwise: bool) -> Kind:
        match node:
            case Number(value):
                return Plain("Int" if isinstance(value, int) else "Float", value)
            case Text(value):
                return Plain("String", value)
            case Name(name):
                return self._present(node, self._name(name))
            case Attribute():
                return self._present(node, self._attribute(node))
            case Call():
                return self._call(node)
            case Index():
                return self._index(node)
            case Items(items):
                kinds = tuple(self.infer(item) for item in items)
                return Several(join(kinds), kinds)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Comparison():
                return self._comparison(node, elementwise)
            case Logical(word, operands):
                return self._logical(word, operands)
            case Conditional(condition, then, otherwise):
                self.expect_bool(condition, "a condition", asks_for_none=True)
                if_true, if_false = known_present(condition)
                sides = self._under(if_true, then), self._under(if_false, otherwise)
                return self._one_of(node, *sides)
        return UNKNOWN

    # -- what may be none -----------------------------------------------------------------

    def _under(self, present: frozenset[str], node: Expression) -> Kind:
        """What the expression is worth where these are not none."""
        before = self.present
        self.present |= present
        try:
            return self.infer(node)
        finally:
            self.present = before

    def _one_of(self, node: Expression, then: Kind, otherwise: Kind) -> Kind:
        """What is one or the other; of two types it is of no type that a reader could state."""
        if NONE not in (then, otherwise) and not fits(then, otherwise) and not fits(otherwise, then):
            return self.fault(
                "ill-typed-expression",
                f"this is {show_kind(then)} or {show_kind(otherwise)}", node.span,
                "give both sides of if and else one type",
            )  # fmt: skip
        return join([then, otherwise])

    def _logical(self, word: str, operands: tuple[Expression, ...]) -> Kind:
        """An operand is looked at where those before it have not decided."""
        kinds, present = [], frozenset[str]()
        for operand in operands:
            kinds.append(self._under(present, operand))
            present |= known_present(operand)[0 if word == "and" else 1]
        return join(kinds)

    def _present(self, node: Expression, kind: Kind) -> Kind:
        is_there = isinstance(kind, Maybe) and show(node) in self.present
        return kind.inner if is_there and isinstance(kind, Maybe) else kind

    # -- names and records ----------------------------------------------------------------

    def _name(self, name: str) -> Kind:
        if name in self.kinds:
            return self.kinds[name]
        return CONSTANTS.get(name, Plain("Dtype", name) if name in DTYPES else UNKNOWN)

    def _attribute(self, node: Attribute) -> Kind:
        whole = self.infer(node.owner)
        owner = strip(whole)
        if isinstance(whole, Maybe) and isinstance(owner, Record):
            asked = show(node.owner)
            return self.fault(
                "unknown-field", f"{asked} may be none, and none has no field {node.name!r}",
                node.span, f"ask first: ... if {asked} != none else ...",
            )  # fmt: skip
        if isinstance(owner, Record):
            if node.name in owner.fields or owner.name in self.open_types:
                return owner.fields.get(node.name, UNKNOWN)
            return self.fault(
                "unknown-field", f"{owner.name} has no field {node.name!r}", node.span,
                suggestion(node.name, owner.fields),
            )  # fmt: skip
        if is_number(owner) or is_text(owner) or owner == NONE:
            return self.fault(
                "unknown-field", f"{show(node.owner)} is {show_kind(owner)} and has no fields",
                node.span,
            )  # fmt: skip
        return UNKNOWN

    # -- operators ------------------------------------------------------------------------

    def _unary(self, node: Unary) -> Kind:
        if node.operator == "not":
            self.expect_bool(node.operand, "what not turns round", asks_for_none=True)
            return BOOL
        kind = strip(self.infer(node.operand))
        if is_number(kind):
            assert isinstance(kind, Plain)
            value = kind.value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return Plain(kind.kind, -value if node.operator == "-" else value)
            return number_of(kind)
        if isinstance(kind, Array | Unknown):
            return kind
        return self._no_number(kind, node.operand, node.operator)

    def _no_number(self, kind: Kind, node: Expression, operator: str) -> Kind:
        return self.fault(
            "ill-typed-expression", f"{show(node)} is {show_kind(kind)}: {operator} needs a number",
            node.span,
        )  # fmt: skip

    def _binary(self, node: Binary) -> Kind:
        left = strip(self.infer(node.left, elementwise=True))
        right = strip(self.infer(node.right, elementwise=True))
        if Unknown in (type(left), type(right)):
            return UNKNOWN
        if node.operator == "@":
            return self._matmul(node, left, right)
        if Array in (type(left), type(right)):
            return self._elementwise(node, left, right)
        if self._is_repetition(node.operator, left, right):
            return join([Several(UNKNOWN), UNKNOWN]) if not is_text(left) else STRING
        if node.operator == "+" and isinstance(left, Several) and isinstance(right, Several):
            known = None not in (left.items, right.items)
            items = (left.items or ()) + (right.items or ()) if known else None
            return Several(join([left.item, right.item]), items)
        if node.operator == "+" and is_text(left) and is_text(right):
            return STRING
        for kind, side in ((left, node.left), (right, node.right)):
            if not is_number(kind):
                return self._no_number(kind, side, node.operator)
        return _arithmetic(node.operator, left, right)

    def _is_repetition(self, operator: str, left: Kind, right: Kind) -> bool:
        pairs = ((left, right), (right, left))
        return operator == "*" and any(
            (isinstance(a, Several) or is_text(a)) and is_number(b) and not _is(b, "Float")
            for a, b in pairs
        )

    def _matmul(self, node: Binary, left: Kind, right: Kind) -> Kind:
        for kind, side in ((left, node.left), (right, node.right)):
            if not isinstance(kind, Array):
                return self.fault(
                    "ill-typed-expression",
                    f"{show(side)} is {show_kind(kind)}: @ needs a tensor", side.span,
                )  # fmt: skip
        assert isinstance(left, Array) and isinstance(right, Array)
        return Array(matmul(left.shape, right.shape))

    def _elementwise(self, node: Binary, left: Kind, right: Kind) -> Kind:
        shapes: list[Shape | None] = []
        for kind, side in ((left, node.left), (right, node.right)):
            if isinstance(kind, Array):
                shapes.append(kind.shape)
            elif is_number(kind):
                shapes.append(())
            else:
                return self._no_number(kind, side, node.operator)
        dtypes = {k.dtype for k in (left, right) if isinstance(k, Array)}
        return Array(broadcast(*shapes), "float" if dtypes == {"float"} else None)

    def _comparison(self, node: Comparison, elementwise: bool) -> Kind:
        kinds = [self.infer(operand) for operand in node.operands]
        result: Kind = BOOL
        for index, sign in enumerate(node.operators):
            sides = node.operands[index], node.operands[index + 1]
            span = sides[0].span.to(sides[1].span)
            left, right = kinds[index], kinds[index + 1]
            arrays = [k for k in (strip(left), strip(right)) if isinstance(k, Array)]
            if not elementwise and any(0 in (array.shape or ()) for array in arrays):
                shown = " with ".join(show_shape(array.shape) for array in arrays)
                message = f"compares {shown}: without elements it holds whatever they would be"
                self.fault("dimension-mismatch", message, span)
            elif sign == "in":
                self._membership(left, right, sides)
            elif arrays and (elementwise or sign not in ("==", "!=", "~=") or len(arrays) == 1):
                self._compare(sign, strip(left), strip(right), sides, span)
                shapes = [a.shape for a in arrays]
                shape = broadcast(*shapes)
                result = Array(shape, "bool") if elementwise else BOOL
            elif len(arrays) == 2 and not same(arrays[0].shape, arrays[1].shape):
                shown = " with ".join(show_shape(a.shape) for a in arrays)
                self.fault("dimension-mismatch", f"compares {shown}", span)
            else:
                self._compare(sign, strip(left), strip(right), sides, span)
        return result

    def _membership(self, item: Kind, items: Kind, sides: tuple[Expression, Expression]) -> None:
        items, item = strip(items), strip(item)
        if isinstance(items, Several):
            pairs = zip(items.items or (), _parts(sides[1]), strict=False)
            for kind, part in pairs:
                self._compare("==", item, strip(kind), (sides[0], part), part.span)
            if items.items is None and isinstance(items.item, Words) and is_text(item):
                self._variant(items.item, item, sides[0].span)
        elif is_number(items) or items == NONE or isinstance(items, Record | Function):
            self.fault(
                "ill-typed-expression",
                f"{show(sides[1])} is {show_kind(items)}: in needs a list or text", sides[1].span,
            )  # fmt: skip

    def _compare(
        self, sign: str, left: Kind, right: Kind, sides: tuple[Expression, Expression], span: Span
    ) -> None:
        if Unknown in (type(left), type(right)):
            return
        for words, text, node in ((left, right, sides[1]), (right, left, sides[0])):
            if isinstance(words, Words) and _is(text, "String"):
                self._variant(words, text, node.span)
                return
        if sign in ("==", "!=") and NONE in (left, right):
            return
        if sign == "~=" and not all(_is_close_to(k) for k in (left, right)):
            wrong = next(k for k in (left, right) if not _is_close_to(k))
            self.fault("ill-typed-expression", f"~= compares numbers, not {show_kind(wrong)}", span)
        elif _family(left) != _family(right):
            self.fault(
                "ill-typed-expression",
                f"compares {show_kind(left)} with {show_kind(right)}", span,
            )  # fmt: skip
        elif isinstance(left, Several) and isinstance(right, Several):
            self._compare_lists(left, right, span)

    def _compare_lists(self, left: Several, right: Several, span: Span) -> None:
        if left.items is None or right.items is None:
            return
        sizes = [k.value for k in (*left.items, *right.items) if _is(k, "Int")]  # type: ignore[union-attr]
        is_shape = len(sizes) == len(left.items) + len(right.items) and None not in sizes
        if len(left.items) != len(right.items):
            self.fault(
                "dimension-mismatch",
                f"compares {len(left.items)} items with {len(right.items)}", span,
            )  # fmt: skip
        elif is_shape and sizes[: len(left.items)] != sizes[len(left.items) :]:
            shown = " with ".join(
                str([k.value for k in side.items or () if isinstance(k, Plain)])
                for side in (left, right)
            )
            self.fault("dimension-mismatch", f"compares {shown}", span)

    def _variant(self, words: Words, text: Kind, span: Span) -> None:
        value = text.value if isinstance(text, Plain) else None
        if isinstance(value, str) and value not in words.variants:
            close = nearest(value, words.variants)
            self.fault(
                "unknown-variant", f'"{value}" is none of {", ".join(words.variants)}', span,
                f"did you mean {close!r}?" if close else None,
            )  # fmt: skip

    # -- indexing and calls ---------------------------------------------------------------

    def _index(self, node: Index) -> Kind:
        owner = strip(self.infer(node.owner))
        parts = [
            s if isinstance(s, Slice | Ellipsis_) else self.infer(s, elementwise=True)
            for s in node.subscripts
        ]
        for part in node.subscripts:
            for bound in (part.start, part.stop) if isinstance(part, Slice) else ():
                if bound is not None:
                    self.infer(bound)
        if isinstance(owner, Array):
            bounds = [self._bounds(s) if isinstance(s, Slice) else None for s in node.subscripts]
            return Array(calls.index_shape(owner.shape, parts, bounds), owner.dtype)
        if isinstance(owner, Several):
            first = parts[0]
            if isinstance(first, Plain) and type(first.value) is int and owner.items is not None:
                if not -len(owner.items) <= first.value < len(owner.items):
                    raise ShapeError(f"there is no item {first.value} of {len(owner.items)}")
                return owner.items[first.value]
            return Several(owner.item) if isinstance(first, Slice) else owner.item
        if isinstance(owner, Table):
            return owner.value
        if is_number(owner) or isinstance(owner, Record | Function) or owner == NONE:
            return self.fault(
                "ill-typed-expression",
                f"{show(node.owner)} is {show_kind(owner)} and cannot be indexed", node.span,
            )  # fmt: skip
        return STRING if is_text(owner) else UNKNOWN

    def _bounds(self, part: Slice) -> tuple[Kind | None, Kind | None]:
        found = [
            None if b is None else Inference(self.kinds).infer(b) for b in (part.start, part.stop)
        ]
        return found[0], found[1]

    def _is_vocabulary(self, node: Call) -> bool:
        return isinstance(node.function, Name) and node.function.name not in self.kinds

    def _call(self, node: Call) -> Kind:
        if self._is_vocabulary(node):
            assert isinstance(node.function, Name)
            arguments = [self.infer(a, elementwise=True) for a in node.arguments]
            keywords = {key: self.infer(value) for key, value in node.keywords}
            if node.function.name == "replace" and arguments:
                return self._replace(node, arguments[0])
            try:
                return calls.result(node.function.name, arguments, keywords)
            except calls.CallError as error:
                at = error.argument
                span = node.arguments[at].span if at is not None else node.span
                return self.fault(error.name, str(error), span)
        function = strip(self.infer(node.function))
        if isinstance(function, Function):
            return self._declared_call(node, function)
        for part in (*node.arguments, *(value for _, value in node.keywords)):
            self.infer(part, elementwise=True)
        if is_number(function) or is_text(function):
            return self.fault(
                "ill-typed-expression",
                f"{show(node.function)} is {show_kind(function)} and cannot be called", node.span,
            )  # fmt: skip
        return UNKNOWN

    def _replace(self, node: Call, record: Kind) -> Kind:
        """The record again, its new values held to its fields."""
        if isinstance(record, Record):
            fields = tuple(Param(name, kind, False) for name, kind in record.fields.items())
            for param, part in self._match(
                Call(node.function, (), node.keywords, node.span),
                Function(record.name, fields, record, keywords_only=True),
            ):
                self._argument(param, self.infer(part), part)
        elif not isinstance(record, Unknown):
            self.fault(
                "ill-typed-expression",
                f"{show(node.arguments[0])} is {show_kind(record)}: replace takes a record",
                node.arguments[0].span,
            )  # fmt: skip
        return record

    def _declared_call(self, node: Call, function: Function) -> Kind:
        found = {
            id(part): self.infer(part, elementwise=True)
            for part in (*node.arguments, *(value for _, value in node.keywords))
        }
        matched = self._match(node, function)
        bindings = Bindings()
        arrays = []
        for param, part in matched:
            kind = found[id(part)]
            self._argument(param, kind, part)
            inner = strip(kind)
            if param.dims is not None and isinstance(inner, Array) and inner.shape is not None:
                arrays.append((param, part, inner.shape))
        for step in (bindings.bind, bindings.check):
            for param, part, shape in arrays:
                try:
                    step(param.name, param.dims or (), shape)
                except ShapeError as error:
                    return self.fault(
                        "dimension-mismatch", f"{function.name}: {error}", part.span,
                        _signature(function),
                    )  # fmt: skip
        return _result(function, bindings)

    def _match(self, node: Call, function: Function) -> list[tuple[Param, Expression]]:
        """Each argument with its parameter; what has none is reported."""
        if function.params is None:
            return []
        by_name = {param.name: param for param in function.params}
        takes = 0 if function.keywords_only else len(function.params)
        if len(node.arguments) > takes:
            wanted = "keywords alone" if function.keywords_only else f"{takes} at most"
            self.fault(
                "wrong-argument",
                f"{function.name} has {len(node.arguments)} positional arguments and takes {wanted}",
                node.arguments[takes].span, _signature(function),
            )  # fmt: skip
        matched = list(zip(function.params[:takes], node.arguments, strict=False))
        given = {param.name for param, _ in matched}
        for key, value in node.keywords:
            if key not in by_name:
                self.fault(
                    "wrong-argument", f"{function.name} has no parameter {key!r}", value.span,
                    suggestion(key, by_name),
                )  # fmt: skip
            elif key in given:
                self.fault("wrong-argument", f"{function.name} gets {key!r} twice", value.span)
            else:
                matched.append((by_name[key], value))
                given.add(key)
        missing = [p.name for p in function.params if p.is_required and p.name not in given]
        if missing and len(node.arguments) <= takes:
            self.fault(
                "wrong-argument", f"{function.name} lacks {', '.join(missing)}", node.span,
                _signature(function),
            )  # fmt: skip
        return matched

    def _argument(self, param: Param, kind: Kind, part: Expression) -> None:
        wanted = strip(param.kind)
        if isinstance(wanted, Words) and is_text(strip(kind)):
            self._variant(wanted, strip(kind), part.span)
        elif not fits(kind, param.kind) or _may_lack(kind, param.kind):
            self.fault(
                "ill-typed-expression",
                f"{param.name} is {show_kind(param.kind)}, not {show_kind(kind)}", part.span,
                f"ask first: ... if {show(part)} != none else ..." if fits(kind, param.kind) else None,
            )  # fmt: skip


def fits(kind: Kind, wanted: Kind) -> bool:
    """Whether a value of one kind may stand where the other is asked for."""
    if isinstance(wanted, Maybe) and kind == NONE:
        return True
    kind, wanted = strip(kind), strip(wanted)
    match kind, wanted:
        case (Unknown(), _) | (_, Unknown()):
            return True
        case Plain(), Plain("Float"):
            return is_number(kind)
        case Plain(), Plain("Int"):
            return kind.kind in ("Int", "Bool")
        case Plain(), Plain():
            return kind.kind == wanted.kind
        case Array(shape), Plain():
            return is_number(wanted) and (shape is None or all(s in (1, None) for s in shape))
        case Several(item=item, items=items), Several(item=other):
            return all(fits(i, other) for i in (items if items is not None else (item,)))
        case Record(name=name), Record(name=other):
            return name == other
    if is_text(kind) or is_text(wanted):
        return is_text(kind) and is_text(wanted)
    return type(kind) is type(wanted)


def _may_lack(kind: Kind, wanted: Kind) -> bool:
    """Whether a record is asked for, and there may be none."""
    is_record = isinstance(wanted, Record) and isinstance(kind, Maybe)
    return is_record and isinstance(strip(kind), Record)


def known_present(node: Expression) -> tuple[frozenset[str], frozenset[str]]:
    """Names and attributes that are not none where a condition holds, and where it does not."""
    nothing = frozenset[str]()
    match node:
        case Name() | Attribute():
            return frozenset((show(node),)), nothing
        case Unary("not", operand):
            if_true, if_false = known_present(operand)
            return if_false, if_true
        case Comparison((left, right), ("==" | "!=" as sign,)):
            others = [a for a, b in ((left, right), (right, left)) if _is_none(b)]
            found = frozenset(map(show, others[:1]))
            return (nothing, found) if sign == "==" else (found, nothing)
        case Logical(word, operands):
            sides = [known_present(operand) for operand in operands]
            every = frozenset[str]().union(*(side[word == "or"] for side in sides))
            return (every, nothing) if word == "and" else (nothing, every)
    return nothing, nothing


def _is_none(node: Expression) -> bool:
    return isinstance(node, Name) and node.name == "none"


def _is(kind: Kind, name: str) -> bool:
    return isinstance(kind, Plain) and kind.kind == name


def _family(kind: Kind) -> str:
    """Kinds of one family can be compared."""
    if is_number(kind) or isinstance(kind, Array):
        return "number"
    if is_text(kind):
        return "text"
    return (
        kind.name
        if isinstance(kind, Record)
        else type(kind).__name__ + (kind.kind if isinstance(kind, Plain) else "")
    )


def _is_close_to(kind: Kind) -> bool:
    if isinstance(kind, Several):
        return all(_is_close_to(strip(i)) or isinstance(i, Unknown) for i in kind.items or ())
    return isinstance(kind, Array) or is_number(kind)


def _parts(node: Expression) -> tuple[Expression, ...]:
    return node.items if isinstance(node, Items) else ()


def _arithmetic(operator: str, left: Kind, right: Kind) -> Kind:
    if operator == "/":
        return FLOAT
    if operator == "^" and number_of(left, right) == INT:
        is_whole = isinstance(right, Plain) and isinstance(right.value, int) and right.value >= 0
        return INT if is_whole else UNKNOWN
    assert isinstance(left, Plain) and isinstance(right, Plain)
    value = _folded(operator, left.value, right.value)
    return Plain("Int", value) if value is not None else number_of(left, right)


def _folded(operator: str, left: object, right: object) -> int | None:
    """Sizes are often written as small sums and products."""
    if type(left) is not int or type(right) is not int or max(abs(left), abs(right)) > 1 << 32:
        return None
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "//":
            return left // right if right else None
    return None


def _signature(function: Function) -> str | None:
    if function.params is None:
        return None
    shown = ", ".join(
        f"{p.name}: Tensor[{', '.join(p.dims)}]" if p.dims is not None else p.name
        for p in function.params
    )
    return f"{function.name}({shown})"


def _result(function: Function, bindings: Bindings) -> Kind:
    if function.dims is None:
        return function.result
    array = Array(bindings.shape(function.dims))
    return Several(array) if function.dims_of_items else array
