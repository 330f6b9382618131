"""Personal data is masked, the rest is left alone, twice is the same as once, and no text is slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cxstream.listen.numerals import says_number
from cxstream.listen.redact import _FINDERS, _IN_WORDS, KINDS, PatternRedactor

REDACTOR = PatternRedactor()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("my card is 4111 1111 1111 1111 exp 12/27", "my card is [CARD] exp 12/27"),
        ("it's 4111-1111-1111-1111.", "it's [CARD]."),
        ("4111111111111111", "[CARD]"),
        ("it is 4111, 1111, 1111, 1111, thanks", "it is [CARD], thanks"),
        ("3782 822463 10005 is the amex", "[CARD] is the amex"),
        ("5500 0000 0000 0004 12 27 123 ok", "[CARD] ok"),
        ("from 4111 1111 1111 1111 to 5500 0000 0000 0004", "from [CARD] to [CARD]"),
        ("4111 1111 1111 1111 5500 0000 0000 0004", "[CARD][CARD]"),
        ("４１１１ １１１１ １１１１ １１１１", "[CARD]"),
        ("four one one one " + "one " * 11 + "one", "[CARD]"),
        ("DE89 3704 0044 0532 0130 00 is mine", "[IBAN] is mine"),
        ("to gb82west12345698765432 please", "to [IBAN] please"),
        ("DE89 3704 0044 0532 0130 01 is mistyped", "DE[NUMBER] is mistyped"),
        ("write to jo.smith+x@example.co.uk.", "write to [EMAIL]."),
        ("jo dot smith at example dot com please", "[EMAIL] please"),
        ("call me at (206) 555-0158", "call me at [PHONE]"),
        ("+44 20 7946 0958 or 02079460958", "[PHONE] or [PHONE]"),
        ("206.555.0158, 1-206-555-0158", "[PHONE], [PHONE]"),
        ("01.23.45.67.89", "[PHONE]"),
        ("reach me on 555 0158", "reach me on [PHONE]"),
        ("my mobile is 7700900123", "my mobile is [PHONE]"),
        ("oh two oh seven nine four six oh nine five eight", "[PHONE]"),
        ("ssn 078-05-1120", "ssn [ID]"),
        ("078 05 1120", "[ID]"),
        ("my social is 078051120", "my social is [ID]"),
        ("account number 12345678", "account number [ACCOUNT]"),
        ("AB 12 34 56 C", "[ID]"),
        (
            "pin 1234, cvv: 999, security code 1 2 3",
            "pin [SECRET], cvv: [SECRET], security code [SECRET]",
        ),
        ("my PIN is one two three four", "my PIN is [SECRET]"),
        ("the one-time code is 445566", "the one-time code is [SECRET]"),
        ("my password is hunter2.", "my password is [SECRET]."),
        ("password: abc", "password: [SECRET]"),
        ("reference 123456789", "reference [NUMBER]"),
        ("four one one one double two three four five six", "[NUMBER]"),
        ("nine, eight, seven. six um five four three two one", "[NUMBER]"),
        ("tracking 1234 5678 9012 yes", "tracking [NUMBER] yes"),
        ("my card number is four one one one", "my card number is [CARD]"),
        ("4111 1111 no sorry 4112 1111 1111 1111 that's it", "[NUMBER] that's it"),
        ("four one one, no wait, four one two one one one", "[NUMBER]"),
        ("forty-one eleven " + "eleven " * 5 + "eleven", "[CARD]"),
        ("oh seven seven double oh nine hundred", "[NUMBER] hundred"),
        ("j o h n 42 at gmail dot com", "[EMAIL]"),
        ("mary underscore jones at web dash mail dot co dot uk", "[EMAIL]"),
        ("mi dni es 12345678Z", "mi dni es [ID]"),
        ("I live at 22b Baker Street, London", "I live at [ADDRESS]"),
        ("it's forty two high road", "it's [ADDRESS]"),
        ("the new address is 14 maple drive", "the new address is [ADDRESS]"),
        ("PO Box 1234, postcode SW1A 1AA", "[ADDRESS], postcode [ADDRESS]"),
        ("zip code is nine eight one oh one", "zip code is [ADDRESS]"),
        ("my date of birth is the third of may nineteen eighty two", "my date of birth is [DOB]"),
        ("dob: 4 january 1977", "dob: [DOB]"),
        ("it's the fourth of january nineteen seventy seven", "it's [DOB]"),
        ("Fourteenth of March seventy nine, and it's 12 Mill Lane", "[DOB], and it's [ADDRESS]"),
        ("um, the 14th of March 1979 and my postcode", "um, [DOB] and my postcode"),
        ("14/03/79", "[DOB]"),
        # A provider that a recogniser writes in two words.
        ("it's ruth dot abara seventy nine at g mail dot com", "it's [EMAIL]"),
        ("s a m underscore r two at proton mail dot com", "[EMAIL]"),
        ("nadia at hot mail dot co dot uk please", "[EMAIL] please"),
        ("j dot osei at out look dot com thank you", "[EMAIL] thank you"),
        ("my email is lena four at i cloud dot com", "my email is [EMAIL]"),
        # The security code, by where it stands on the card.
        ("the three on the back are six oh four", "the three on the back are [SECRET]"),
        ("three digits on the back 604", "three digits on the back [SECRET]"),
        (
            "and on the back of the card it's 6 0 4 yes",
            "and on the back of the card it's [SECRET] yes",
        ),
        ("the last three on the back is one one nine", "the last three on the back is [SECRET]"),
        (
            "the number on the back of my card is 341 I think",
            "the number on the back of my card is [SECRET] I think",
        ),
        # The month as a number.
        ("second of the fourth nineteen fifty eight", "[DOB]"),
        ("yes it's the second of the fourth fifty eight", "yes it's [DOB]"),
        ("21st of the 10th 84", "[DOB]"),
        ("the fourteenth of the third nineteen seventy nine, and my", "[DOB], and my"),
        ("born on the fifth of the eleventh two thousand and one", "born on [DOB]"),
        # A postcode as it is spelt.
        ("yeah it's uh l s eleven seven b q", "yeah it's uh [ADDRESS]"),
        ("it's L S six, three H N.", "it's [ADDRESS]."),
        ("l s for lima sierra eleven seven bee queue", "[ADDRESS]"),
        ("the postcode's november whiskey three two alpha tango", "the postcode's [ADDRESS]"),
        ("post code is s w one a one double a", "post code is [ADDRESS]"),
        ("M for mike one four b for bravo t for tango, thanks", "[ADDRESS], thanks"),
        ("my post code, that would be G 12 8 Q Q", "my post code, that would be [ADDRESS]"),
        # A sort code with hyphens, which looks like a date.
        ("sort code 20-45-15, account 71244903", "sort code [ACCOUNT], account [ACCOUNT]"),
        ("my sort code is 09-01-26", "my sort code is [ACCOUNT]"),
        ("Sortcode: 60/83/71", "Sortcode: [ACCOUNT]"),
    ],
)
def test_what_is_personal_is_masked(text: str, masked: str) -> None:
    assert REDACTOR.redact(text).text.replace("] [", "][") == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 4567, then order 12345678",
        "order number 1234567 on 2026-11-23 at 10:30",
        "I paid $1,234,567,890.00 and 12.50 13.50 14.50",
        "2, 340, 5, 120, 7 and 9",
        "items 12, 15, 20, 33, 47 and 120 and 340",
        "bought 12/05/1980 or 1.2.1980",
        "IP 192.168.100.200",
        "my password is not working",
        "my password is apparently expired",
        "I need a password reset, my pin was declined 2 times",
        "oh one more thing, I need two of them and three of those",
        "I can count one two three four five six seven eight all day",
        "the code 12345678 from 2025-01-01 12345",
        "look at this, @support",
        "phone 3 times a day",
        "order number is four five six seven",
        "my order from january 4th 2024 never came",
        "that's one more way to do it, I waited 2 hours on the road",
        "first street on the left, then 2 miles",
        "i was at amazon dot com yesterday",
        "card ending in 4242",
        "Yes, ten to four.",
        "two thousand five hundred dollars and 30 pence",
        "",
        "On the second of November 2024, I paid.",
        "14 March 2009 was when I signed",
        "second of November fifty four pounds were charged",
        "The fifth of May, forty pounds were taken",
        "12.10.45 euros",
        "I looked at g mail dot com and it was down",
        "we were at out look dot com yesterday",
        "is your mail at the office",
        "there are three on the back seat and 120 in the boot",
        "on the back it says 240 volts",
        "the number on the back of the router is 4567",
        "the second of the fourth floor rooms",
        "it was the third of the four hundred",
        "the first of the second batch, 58 pieces",
        "the reference is l s eleven seven b q",
        "i need a b one two of them",
        "seat a for two, one at a table",
        "the flight is b a one one seven a b",
        "I ordered the code on 20-11-26",
        "please sort 20-10-15 out",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    redacted = REDACTOR.redact(text)
    assert redacted.text == text and not redacted.counts


@pytest.mark.parametrize(
    "halves",
    [
        ("my card number is four one one one", "one one one one one one one one one one one one"),
        ("it's 4111 1111", "1111 1111"),
        ("oh two oh seven nine", "four six oh nine five eight, that's it"),
    ],
)
def test_a_number_split_over_two_fragments_is_masked_in_both(halves: tuple[str, str]) -> None:
    for half in halves:
        redacted = REDACTOR.redact(half)
        assert redacted.counts
        assert "one" not in redacted.text and "11" not in redacted.text


def test_masks_are_counted_by_kind() -> None:
    redacted = REDACTOR.redact("jo@example.org or 206-555-0158 or 206-555-0159")
    assert dict(redacted.counts) == {"email": 1, "phone": 2}


def test_masks_that_are_there_already_are_not_counted() -> None:
    redacted = REDACTOR.redact("card [CARD] and phone [PHONE] 1234567")
    assert redacted.text == "card [CARD] and phone [PHONE] 1234567"
    assert not redacted.counts


PIECES = st.sampled_from(
    "4111 1111 1|4111111111111111|12|3|456|78-05-1120|+|(|)|-|.|,| | |/|@|a@b.cc|x|é|[CARD]|[|]|pin|cvv|"
    "password is|:|=|phone|account|one|double|two|oh|and|um|dot|at|com|DE89 3704 0044 0532 0130 00|"
    "DE89|AB 12 34 56 C|2026-11-23|12/27|206|555|0158|٣|\n|\t|is|no sorry|forty|eleven|baker street|"
    "Drive|born|dob|third of may|1977|po box|zip|SW1A 1AA|order|a|b|dash|12345678Z".split("|")
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=14).map("".join) | st.lists(PIECES, max_size=14).map(" ".join))
@example("4111111111111111@x.com")
@example("4111 1111 1password is pin")
@example("123456789DE89 3704 0044 0532 0130 00")
@example("pin ſix fİve ſeven, triple ſix")
def test_twice_is_the_same_as_once(text: str) -> None:
    once = REDACTOR.redact(text)
    twice = REDACTOR.redact(once.text)
    assert twice.text == once.text and not twice.counts
    assert set(once.counts) <= set(KINDS)


@given(st.lists(PIECES, max_size=4).map("".join) | st.lists(PIECES, max_size=4).map(" ".join))
@example("my zip code is oneonetwotwo, on baker street")
def test_what_is_not_looked_for_without_a_number_is_not_there(text: str) -> None:
    assume(not says_number(text))
    assert [f for f in _FINDERS if f not in _IN_WORDS and list(f(text))] == []


@given(st.text(max_size=80))
def test_any_text_is_taken(text: str) -> None:
    once = REDACTOR.redact(text)
    assert REDACTOR.redact(once.text).text == once.text


@given(
    st.from_regex(r"[a-z .,]{0,20}", fullmatch=True), st.from_regex(r"[0-9]{9,24}", fullmatch=True)
)
def test_nine_digits_in_a_row_never_survive(before: str, digits: str) -> None:
    assert digits not in REDACTOR.redact(f"{before} {digits} {before}").text


@given(st.text("0123456789", min_size=15, max_size=15), st.sampled_from(["", " ", "-"]))
def test_a_card_is_masked_however_it_is_grouped(digits: str, gap: str) -> None:
    body = "4" + digits[1:]
    doubled = sum((2 * d - 9 if d > 4 else 2 * d) for d in map(int, body[::-2]))
    check = -(doubled + sum(map(int, body[-2::-2]))) % 10
    card = body + str(check)
    written = gap.join(card[at : at + 4] for at in range(0, 16, 4))
    assert REDACTOR.redact(f"it is {written}, right?").text == "it is [CARD], right?"


ADVERSARIES = {
    "digits": "4",
    "groups": "44 ",
    "singles": "4 ",
    "failing cards": "4111 1111 1111 1112 ",
    "cards": "4111 1111 1111 1111 ",
    "letters": "a",
    "at": "a@",
    "dots": "a@a.",
    "addresses": "a@b.cc ",
    "spoken address": "a at a dot ",
    "words": "double ",
    "digit words": "one ",
    "pins": "pin 123 ",
    "context": "pin is is is ",
    "passwords": "password is ",
    "ibans": "DE89 ",
    "glued ibans": "DE89",
    "dates": "1/1/",
    "dashes": "1-",
    "commas": "1,,,",
    "brackets": "[",
    "corrections": "4 no sorry wait ",
    "streets": "22 baker ",
    "spoken streets": "twenty two hundred ",
    "birthdays": "born the third of may ",
    "spelt": "a b c at ",
    "tens": "forty ",
    "spaces": " ",
}


@pytest.mark.parametrize("piece", ADVERSARIES.values(), ids=ADVERSARIES.keys())
def test_no_text_is_slow(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    began = time.process_time()
    REDACTOR.redact(text)
    # About 0.1 s at worst; anything quadratic takes minutes.
    assert time.process_time() - began < 2
