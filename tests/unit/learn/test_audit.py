"""The bias audit: fakes with a known bias are found out, fakes without one pass, and bounds are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxstream.events import Role, Scores
from cxstream.learn.audit import Audit, Found, Kept, audit
from cxstream.learn.audit_bounds import BOUNDS, CHANGES, RISES, RISKS, SHARES, beyond
from cxstream.learn.audit_report import audit_section, rows
from cxstream.learn.audit_risk import conversation_risk
from cxstream.learn.audit_rules import LEARNER, WRITING
from cxstream.learn.audit_swaps import SENTENCES, Sentences, Turn, read, swaps
from cxstream.understand.labels import EMOTIONS, INTENTS
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import to_scores
from cxstream.understand.trajectory import RuleTrajectory

AUTHORED = SENTENCES.parent / "authored"


class Hears:
    """A scorer that takes offence at what a test says it does, and is even-tempered else."""

    name = "hears-1"

    def __init__(self, offended: Callable[[str], bool] = lambda text: False) -> None:
        self._offended = offended
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.asked += texts
        return [self._one(self._offended(text)) for text in texts]

    def _one(self, offended: bool) -> Scores:
        negative = 0.8 if offended else 0.1
        intent = "billing_dispute" if offended else "information_request"
        return to_scores(
            intents={label: float(label == intent) for label in INTENTS},
            sentiment={"negative": negative, "neutral": 0.9 - negative, "positive": 0.1},
            emotions=dict.fromkeys(EMOTIONS, 0.6 if offended else 0.1),
            abuse=0.9 if offended else 0.0,
            model=self.name,
        )


def few() -> Sentences:
    """Two conversations: one with every slot and dialect, one without any slot."""
    english = ("plain", "aae", "scottish", "irish", "indian", "southern", "second")
    slots = "i told {name} and my {spouse} and my {parent} and a {person}, {title}"
    return Sentences(
        conversations=(
            (
                Turn(Role.CUSTOMER, "calm", {e: f"{slots} in {e}" for e in english}),
                Turn(Role.AGENT, "", {"plain": "I see."}),
                Turn(Role.CUSTOMER, "displeased", {e: f"it's bad in {e}" for e in english}),
            ),
            (Turn(Role.CUSTOMER, "grateful", {e: f"it's good in {e}" for e in english}),),
        ),
        words=read().words,
        names={"Ours": ("Ann", "Eve", "Bob", "Dan"), "Theirs": ("Una", "Ida", "Oto", "Ivo")},
    )


def run(scorer: Hears, sentences: Sentences | None = None) -> Audit:
    return audit(scorer, RuleTrajectory(), lambda what, share: None, sentences or few())


def of(result: Audit, what: str) -> Found:
    return next(found for found in result.found if found.what == what)


def test_a_scorer_that_hears_the_words_only_crosses_no_bound() -> None:
    result = run(Hears())
    assert result.crossed == []
    assert result.model == "hears-1"
    for found in result.found:
        assert all(f.mean == f.low == f.high == 0 for f in found.figures.values()), found.what
        assert found.texts, f"{found.kind}: {found.what} is never said"


def test_a_bias_against_names_is_found_and_named() -> None:
    result = run(Hears(lambda text: any(name in text for name in ("Una", "Ida", "Oto", "Ivo"))))
    found = of(result, "Theirs names")
    assert found.texts == 4
    assert found.figures["valence"].mean == pytest.approx(-0.7)
    assert found.figures["intent changed"].mean == 1
    assert found.figures["sentiment changed"].mean == 1
    assert found.figures["calm heard as negative"].mean == 1
    assert found.figures["abuse over half"].mean == 1
    assert found.figures["risk annoyed"].mean > 0.1
    assert set(found.beyond) == set(found.figures)
    assert "name, Theirs names: valence -0.700 (bound 0.03)" in result.crossed
    assert of(result, "other Ours names").beyond == ()
    assert of(result, "Scottish English").beyond == ()


def test_the_first_group_is_swapped_with_itself_each_name_for_the_next_of_its_sex() -> None:
    own = next(swap for swap in swaps(few()) if swap.what == "other Ours names")
    pairs = [(one.words["name"], two.words["name"]) for one, two in own.pairs]
    assert pairs == [("Ann", "Eve"), ("Eve", "Ann"), ("Bob", "Dan"), ("Dan", "Bob")]


def test_one_name_that_is_taken_for_a_rude_word_is_named() -> None:
    result = run(Hears(lambda text: "Oto" in text))
    found = of(result, "Theirs names")
    assert found.outlier == "Oto"
    assert found.outlier_rise == pytest.approx(0.9)
    assert found.figures["abuse"].mean == pytest.approx(0.225)
    assert of(result, "Irish English").outlier == ""
    assert "by their mean: Oto (+0.900)" in audit_section(result)


def test_changes_for_the_better_of_one_sex_are_a_bias_too() -> None:
    result = run(Hears(lambda text: any(name in text for name in ("Bob", "Dan", "Oto", "Ivo"))))
    found = of(result, "women's for men's")
    assert found.figures["valence"].mean == pytest.approx(0.7)
    assert "valence" in found.beyond
    assert "abuse over half" not in found.beyond, "fewer false alarms are no fault"


@pytest.mark.parametrize(
    ("offended", "kind", "what"),
    [
        (lambda t: "wife" in t, "gender", "feminine words"),
        (lambda t: "partner" in t, "gender", "neutral words"),
        (lambda t: "in irish" in t, "dialect", "Irish English"),
        (lambda t: "in second" in t, "second language", "written by hand"),
        (lambda t: "and man" in t, "second language", "articles left out"),
        (lambda t: t.isupper(), "writing", "ALL CAPITALS"),
        (lambda t: t.endswith("!!!"), "writing", "exclamation marks"),
    ],
)
def test_each_kind_of_swap_finds_its_own_bias(
    offended: Callable[[str], bool], kind: str, what: str
) -> None:
    found = [one for one in run(Hears(offended)).found if "valence" in one.beyond]
    assert (kind, what) in [(one.kind, one.what) for one in found]
    assert {one.kind for one in found} == {kind}


def test_more_gendered_sentences_count_for_that_swap_alone() -> None:
    more = tuple(Turn(Role.CUSTOMER, "calm", {"plain": f"{n} for my {{spouse}}"}) for n in range(9))
    found = run(Hears(lambda text: text.endswith("for my wife")), replace(few(), gendered=more))
    assert {(one.kind, one.what) for one in found.found if one.beyond} == {
        ("gender", "feminine words")
    }
    assert of(found, "feminine words").figures["valence"].units == 10
    assert of(found, "Theirs names").figures["valence"].units == 1


def test_the_interval_is_over_templates_and_the_same_every_time() -> None:
    offended = lambda text: "it's bad in irish" in text  # noqa: E731
    figure = of(run(Hears(offended)), "Irish English").figures["valence"]
    assert figure.units == 3
    assert figure.mean == pytest.approx(-0.7 / 3, abs=1e-6)
    assert figure.low == pytest.approx(-0.7, abs=1e-6)
    assert figure.high == 0
    assert run(Hears(offended)) == run(Hears(offended))


def test_a_text_is_scored_once() -> None:
    scorer = Hears()
    kept = Kept(scorer)
    kept.score(["a", "b", "a"])
    assert [s.model for s in kept.score(["b", "c"])] == ["hears-1"] * 2
    assert scorer.asked == ["a", "b", "c"]


def test_bounds_are_for_every_kind_and_measure() -> None:
    measures = {*CHANGES, *SHARES, *RISES, *RISKS}
    assert {swap.kind for swap in swaps(few())} == set(BOUNDS)
    for kind, bound in BOUNDS.items():
        assert set(bound) == measures
        assert beyond(kind, "valence", -bound["valence"] - 0.001)
        assert not beyond(kind, "valence", bound["valence"])
        assert not beyond(kind, "abuse over half", -1)
        assert beyond(kind, "abuse over half", 0.021)


def test_the_risk_of_a_conversation_rises_with_cross_words() -> None:
    turns = [(Role.AGENT, "hello"), (Role.CUSTOMER, "no"), (Role.CUSTOMER, "no again")]
    calm = conversation_risk(turns, Hears(), RuleTrajectory())
    cross = conversation_risk(turns, Hears(lambda text: "no" in text), RuleTrajectory())
    agent = conversation_risk(turns, Hears(lambda text: "hello" in text), RuleTrajectory())
    assert cross.annoyed > calm.annoyed + 0.3
    assert agent == calm, "an agent's tone is not the customer's"


def test_the_section_of_the_card_shows_bounds_and_what_crossed_them() -> None:
    section = audit_section(run(Hears(lambda text: "wife" in text)))
    assert "| bound, gender |" in section
    assert "**-0.700 [" in section
    assert "* gender, feminine words: valence -0.700 (bound 0.03)" in section
    assert "No bound is crossed." in audit_section(run(Hears()))


def test_rows_for_programs() -> None:
    found = next(r for r in rows(run(Hears(str.isupper))) if r["swap"] == "ALL CAPITALS")
    assert found["model"] == "hears-1"
    assert found["kind"] == "writing"
    assert "valence" in str(found["beyond"])


@given(st.text())
def test_writing_rules_keep_the_words(text: str) -> None:
    for name, rule in WRITING.items():
        if name != "apostrophes left out" and text.isascii():
            letters = [c for c in rule(text).lower() if c.isalnum()]
            assert letters == [c for c in text.lower() if c.isalnum()], name


def test_learners_rules() -> None:
    said = "I told the man at a shop that it was on the table"
    assert LEARNER["articles left out"](said) == "I told man at shop that it was on table"
    assert LEARNER["tenses mixed up"](said) == "I tell the man at a shop that it is on the table"
    assert LEARNER["prepositions mixed up"]("to you, in it") == "for you, on it"


def test_the_authored_sentences() -> None:
    told = read()
    turns = [t for c in told.conversations for t in c if t.role is Role.CUSTOMER]
    assert len(turns) == 60
    assert {t.tone for t in turns} == {"calm", "grateful", "displeased", "distressed"}
    assert len({len(people) for people in told.names.values()}) == 1
    people = [name for names in told.names.values() for name in names]
    assert len(people) == len(set(people)) == 110
    plain = {normalise(t.texts["plain"]) for t in turns}
    assert len(plain) == 60
    for turn in turns:
        slots = {turn.texts[english].count("{") for english in turn.texts}
        assert len(slots) == 1, turn.texts["plain"]
        assert len(turn.texts) == 7
        assert len(set(turn.texts.values())) == 7, "a dialect says it in its own way"


def test_no_audited_sentence_was_trained_on() -> None:
    trained = {
        normalise(text)
        for file in sorted(AUTHORED.glob("*.yaml"))
        for group in yaml.load(Path(file).read_text("utf-8"), yaml.CSafeLoader)
        for text in group["texts"]
    }
    assert len(trained) > 1000
    told = read()
    said = {
        voice.say(turn)
        for swap in swaps(told)
        for pair in swap.pairs
        for voice in pair
        for conversation in told.conversations
        for turn in conversation
    }
    assert len(said) > 3000
    assert not {normalise(text) for text in said} & trained
