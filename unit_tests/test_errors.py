"""Of which class an error is, and that the drawing of the classes shows them all."""

import re
from typing import Any

import pytest

from source_mailcoach.messages import errors, input_problems, problems
from source_mailcoach.messages.errors import (
    EndpointNotFound,
    EndsStream,
    EndsSync,
    MailcoachError,
    NotFound,
    Problem,
    RateLimited,
    RowNotFound,
)

ALL_PROBLEMS = [
    problem
    for module in (problems, input_problems)
    for problem in vars(module).values()
    if isinstance(problem, Problem)
]
DETAILS: Any = {name: "detail" for each in ALL_PROBLEMS for name in re.findall(r"{(\w+)}", f"{each.what} {each.do}")}


def drawn(kind: type[MailcoachError], indent: str = "") -> list[str]:
    """A class and all below it, as lines of a tree."""
    names = [kind.__name__]
    below = kind.__subclasses__()
    for each in below:
        first, rest = ("└── ", "    ") if each is below[-1] else ("├── ", "│   ")
        line, *more = drawn(each)
        names += [first + line, *(rest + name for name in more)]
    return [indent + name for name in names]


def test_the_drawing_shows_every_class_where_it_is() -> None:
    drawing = re.findall(r"^    ([│├└─ ]*\w+)  +\w.*$", errors.__doc__ or "", re.MULTILINE)
    assert drawing == drawn(MailcoachError)


@pytest.mark.parametrize("problem", ALL_PROBLEMS, ids=lambda problem: str(problem.what)[:40])
def test_an_error_is_of_the_class_that_its_problem_names(problem: Problem) -> None:
    assert type(MailcoachError(problem, **DETAILS)) is problem.raises


def test_a_class_that_the_caller_names_is_taken() -> None:
    assert type(EndpointNotFound(problems.SERVER_ERROR, **DETAILS)) is EndpointNotFound
    assert type(RowNotFound(problems.RATE_LIMITED, **DETAILS)) is RowNotFound


def test_what_is_not_there_is_not_worth_another_try_whatever_the_problem() -> None:
    assert MailcoachError(problems.SERVER_ERROR, **DETAILS).retry
    assert not EndpointNotFound(problems.SERVER_ERROR, **DETAILS).retry


def test_an_error_that_passes_is_worth_another_try() -> None:
    error = MailcoachError(problems.NO_ENDPOINT, passing=True, **DETAILS)
    assert (error.retry, error.failure_type) == (True, errors.TRANSIENT)


def test_a_limit_ends_a_stream_whoever_sets_it_and_no_limit_ends_a_sync() -> None:
    for problem in (problems.RATE_LIMITED, problems.LIMITED_IN_FRONT):
        error = MailcoachError(problem, **DETAILS)
        assert isinstance(error, RateLimited)
        assert isinstance(error, EndsStream)
        assert not isinstance(error, EndsSync | NotFound)
