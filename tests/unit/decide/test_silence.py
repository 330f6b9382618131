"""What is certainly false in silence is false whatever the facts are; what is not certain is judged."""

from __future__ import annotations

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxstream.decide.load import default_playbook
from cxstream.decide.silence import certainly_false


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("false", True),
        ("false || (false && a > 0.5)", True),
        ('!b && (false || (false && c == "x) || ("))', True),
        ("false || a > 0.5", False),
        ("!false", False),
        ("!(false && a)", False),
        ("!!false", True),
        ("false == b", False),
        ("(false) == b", False),
        ("(false).x", False),
        ("false ? true : false", False),
        ("f(false) && g[false]", False),
        ("x.exists(i, i in [false, false]) && false", True),
        ("[false, true].exists(i, i) || false", False),
        ("", False),
    ],
)
def test_what_is_certain(expression: str, expected: bool) -> None:
    assert certainly_false(expression) is expected


terms = st.recursive(
    st.sampled_from(["false", "true", "a", "b", "a == b"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"!({one})"),
    ),
    max_leaves=8,
)


@given(terms)
def test_it_is_never_wrong(expression: str) -> None:
    if certainly_false(expression):
        for a in (True, False):
            for b in (True, False):
                assert cel.evaluate(expression, {"a": a, "b": b}) is False, expression


def test_most_rules_of_the_shipped_playbook_cost_nothing_in_silence() -> None:
    speaking = [r for r in default_playbook().rules if r.when is not None and r.when.reads_phrases]
    assert sum(r.when.needs_words for r in speaking if r.when) >= len(speaking) // 2
