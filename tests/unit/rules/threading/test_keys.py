"""Reply keys, anchors and bounce addresses: what is signed is believed, and nothing else is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.notice import REQUESTER_KINDS, NoticeKind
from mailgate.rules.threading import keys
from mailgate.rules.threading.keys import LETTERS, Anchor, Keyring, anchor_nonce, expired, key_text, plus, saying
from tests.lab import KEYRING

DAY = date(2026, 11, 21)
OLD = Keyring((b"old secret",), "bank.example")
SIGNS = "abcdefghijklmnopqrstuvwxyz234567.189_-@<> "


def an_id(ticket: int = 1001, email: str = "elliot@bank.example", kind: NoticeKind = NoticeKind.NEW_TICKET) -> str:
    return KEYRING.notice_id(ticket, email, kind, "event 7", DAY)


@given(
    st.integers(0, 2**50),
    st.sampled_from(NoticeKind),
    st.text(max_size=30),
    st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.emails(),
)
def test_what_was_signed_reads_back(ticket: int, kind: NoticeKind, cause: str, day: date, email: str) -> None:
    key = KEYRING.read(KEYRING.notice_id(ticket, email, kind, cause, day))
    assert key
    assert (key.ticket, key.kind) == (ticket, kind)
    assert key.date == day == date(2020, 1, 1) + timedelta(key.day)
    assert KEYRING.is_for(key, email)


def test_the_same_notice_has_the_same_id_again_and_another_one_does_not() -> None:
    def varied(
        cause: str = "c", kind: NoticeKind = NoticeKind.NOTE, email: str = "a@x.example", ticket: int = 5
    ) -> str:
        return KEYRING.notice_id(ticket, email, kind, cause, DAY)

    assert varied() == varied(email="A@X.example")
    variants = {varied(), varied("d"), varied(kind=NoticeKind.REPLY), varied(email="b@x.example"), varied(ticket=6)}
    assert len(variants) == 5


def test_an_id_has_at_most_70_characters_for_a_domain_of_18() -> None:
    keyring = Keyring((b"x",), "d" * 18)
    assert len(keyring.notice_id(2**25 - 1, "e" * 60, NoticeKind.NOTE, "c" * 500, date(2109, 1, 1))) == 70
    assert len(keyring.anchor(2**25 - 1)) <= 70


@given(st.data())
def test_a_key_with_any_one_character_changed_is_not_accepted(data: st.DataObject) -> None:
    text = key_text(an_id())
    place = data.draw(st.integers(0, len(text) - 1))
    forged = (
        text[:place] + data.draw(st.sampled_from([sign for sign in SIGNS if sign != text[place]])) + text[place + 1 :]
    )
    assert KEYRING.read(forged) is None
    assert KEYRING.read(f"<{forged}@bank.example>") is None


def test_every_single_character_of_a_key_is_signed() -> None:
    text = key_text(an_id())
    for place, sign in enumerate(text):
        for other in SIGNS:
            if other != sign:
                assert KEYRING.read(text[:place] + other + text[place + 1 :]) is None


@given(st.text(max_size=100))
def test_any_text_is_no_key(text: str) -> None:
    assert KEYRING.read(text) is None
    assert KEYRING.read_anchor(text) is None
    assert KEYRING.find(text) == ()
    assert KEYRING.read_plus(text) is None
    assert KEYRING.read_verp(text) is None


def test_case_and_the_domain_do_not_matter_for_gateways_change_both() -> None:
    key = KEYRING.read(an_id())
    assert key is not None
    assert KEYRING.read(an_id().upper().replace("BANK.EXAMPLE", "gateway.example")) == key
    assert KEYRING.read(f" {key.text} ") == key
    assert str(key) == key.text == key_text(an_id())


def test_a_key_names_one_person() -> None:
    key = KEYRING.read(an_id(email="elliot@bank.example"))
    assert key
    assert KEYRING.is_for(key, "Elliot@BANK.example")
    assert not KEYRING.is_for(key, "ann@bank.example")


def test_keys_of_the_old_secret_still_hold_and_new_ones_are_signed_with_the_new() -> None:
    key = KEYRING.read(OLD.notice_id(9, "ann@bank.example", NoticeKind.NOTE, "c", DAY))
    assert key
    assert KEYRING.is_for(key, "ann@bank.example")
    assert not KEYRING.is_for(key, "bob@bank.example")
    assert OLD.read(an_id()) is None
    assert KEYRING.read_anchor(OLD.anchor(9, "abcde")) == Anchor(9, "abcde")


def test_a_kind_that_this_version_does_not_know_is_no_key() -> None:
    letter = next(sign for sign in "abcdefghijklmnopqrstuvwxyz234567" if sign not in LETTERS.values())
    known = key_text(an_id()).rpartition(".")[0]
    signed = known[:10] + letter + known[11:]
    mac = keys._tag(KEYRING._rings[0].mac, known, 26)
    assert KEYRING.read(f"{known}.{mac}")
    mac = keys._tag(KEYRING._rings[0].mac, signed, 26)
    assert KEYRING.read(f"{signed}.{mac}") is None


def test_every_kind_has_a_letter_of_its_own() -> None:
    assert set(LETTERS) == set(NoticeKind)
    assert len(set(LETTERS.values())) == len(LETTERS)
    assert {
        key.kind for kind in NoticeKind if (key := KEYRING.read(an_id(kind=kind))) and key.kind.to_requester
    } == set(REQUESTER_KINDS)


def test_the_letters_are_part_of_the_format() -> None:
    """Ids that are out in the world keep their meaning: a letter, once given, never changes."""
    first = (
        "acknowledgement follow-up-received opened-for-you reply status-changed limit-reached rejected new-ticket "
        "new-message colleague-reply note assigned taken transferred status overdue escalated reminder "
        "delivery-failed command-failed confirm answer"
    )
    for kind, letter in zip(first.split(), "abcdefghijklmnopqrstuv", strict=True):
        assert LETTERS[NoticeKind(kind)] == letter
    assert (LETTERS[NoticeKind.ADMIN], LETTERS[NoticeKind.COLLABORATOR_ADDED], LETTERS[NoticeKind.HELD]) == (
        "w",
        "x",
        "2",
    )
    golden = Keyring((b"golden",), "bank.example").notice_id(
        1001, "a@b.example", NoticeKind.REPLY, "1", date(2026, 1, 2)
    )
    assert golden == GOLDEN


GOLDEN = "<n.7j.h55gwdcer766eg.dwb4ajvy6tqyyn4driixcjwlpq@bank.example>"


def test_a_key_gives_authority_for_thirty_days() -> None:
    key = KEYRING.read(an_id())
    assert key
    assert not expired(key, DAY + timedelta(30))
    assert expired(key, DAY + timedelta(31))


def test_an_anchor_is_the_same_for_everyone_and_no_key() -> None:
    anchor = KEYRING.anchor(1001)
    assert anchor == KEYRING.anchor(1001) != KEYRING.anchor(1002)
    assert KEYRING.read_anchor(anchor) == Anchor(1001, "")
    assert KEYRING.read(anchor) is None
    assert KEYRING.read_anchor(an_id()) is None
    forged = anchor[:6] + ("a" if anchor[6] != "a" else "b") + anchor[7:]
    assert KEYRING.read_anchor(forged) is None


def test_an_anchors_nonce_is_signed_with_its_number() -> None:
    nonce = anchor_nonce("how it was opened")
    assert nonce == anchor_nonce("how it was opened") != anchor_nonce("otherwise")
    anchor = KEYRING.anchor(1001, nonce)
    assert KEYRING.read_anchor(anchor) == Anchor(1001, nonce)
    assert len(nonce) == 5
    assert KEYRING.read_anchor(anchor.replace(nonce, "aaaaa")) is None
    assert len(KEYRING.anchor(2**25 - 1, nonce)) <= 70


def test_our_own_ids_are_known_as_ours() -> None:
    assert KEYRING.is_ours(an_id())
    assert KEYRING.is_ours(KEYRING.anchor(3))
    assert not KEYRING.is_ours("<foreign@client.example>")


def test_plus_and_bounce_addresses_carry_the_key_and_are_not_taken_for_each_other() -> None:
    key = KEYRING.read(an_id())
    assert key
    answer, bounce = plus("support@bank.example", key.text), KEYRING.verp("support@bank.example", an_id())
    assert answer == f"support+k{key.text}@bank.example"
    assert bounce.startswith(f"support+b{key.text.rpartition('.')[0]}.")
    assert (KEYRING.read_plus(answer), KEYRING.read_verp(answer)) == (key, None)
    assert (KEYRING.read_plus(bounce), KEYRING.read_verp(bounce)) == (None, key)
    assert KEYRING.read_plus(answer.upper()) == key
    assert KEYRING.read_verp(bounce.replace("+b", "+x")) is None
    assert KEYRING.read_plus(answer.replace("+k", "+x")) is None
    assert KEYRING.read_plus("support@bank.example") is None


def test_a_message_id_does_not_tell_where_its_bounces_go() -> None:
    assert KEYRING.read_verp(f"support+b{key_text(an_id())}@bank.example") is None
    old, new = KEYRING.secrets[0], b"another secret"
    assert Keyring((new, old), "bank.example").read_verp(KEYRING.verp("support@bank.example", an_id())) == KEYRING.read(
        an_id()
    )


def test_everything_is_signed_with_the_newest_secret() -> None:
    old, new = KEYRING.secrets[0], b"another secret"
    both, alone = Keyring((new, old), "bank.example"), Keyring((new,), "bank.example")
    assert both.anchor(1001, "n") == alone.anchor(1001, "n") != KEYRING.anchor(1001, "n")
    assert both.verp("support@bank.example", an_id()) == alone.verp("support@bank.example", an_id())
    assert both.read_anchor(KEYRING.anchor(1001, "n")) == KEYRING.read_anchor(KEYRING.anchor(1001, "n"))


def test_a_local_part_never_exceeds_64_octets() -> None:
    """RFC 5321 4.5.3.1.1: then the plain address stands, and the key goes by other ways."""
    long = "a-very-long-local-part@bank.example"
    assert plus(long, key_text(an_id())) == long
    assert KEYRING.verp(long, an_id()) == long
    exact = f"{'a' * (64 - len('+k') - len(key_text(an_id())))}@bank.example"
    assert len(plus(exact, key_text(an_id())).rpartition("@")[0]) == 64
    assert plus(f"a{exact}", key_text(an_id())) == f"a{exact}"


def test_an_address_with_bytes_that_are_no_text_is_no_bounce_address() -> None:
    """As the mail server gave it (surrogates)."""
    assert KEYRING.read_verp("support+bsigned.\udcff@bank.example") is None


def test_keys_are_found_anywhere_in_a_text_each_once() -> None:
    one, two = key_text(an_id()), key_text(an_id(kind=NoticeKind.NOTE))
    text = f"> Ref: {one}\n<mailto:support%2Bk{two}@bank.example> {one} {two[:-1]}a"
    assert [key.text for key in KEYRING.find(text)] == [one, two]


def test_a_keyring_shows_no_secret_and_needs_one() -> None:
    assert "secret" not in repr(KEYRING).replace("secrets", "")
    for secrets in ((), (b"",), (b"x", b"")):
        with pytest.raises(ValueError, match="secret"):
            Keyring(secrets, "bank.example")
    with pytest.raises(ValueError, match="negative"):
        KEYRING.notice_id(-1, "a@b.example", NoticeKind.NOTE, "c", DAY)


# ── where an answer goes ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [NoticeKind.NEW_TICKET, NoticeKind.ASSIGNED, NoticeKind.NOTE])
@pytest.mark.parametrize("public", [False, True, None])
def test_a_key_says_whether_an_answer_is_public(kind: NoticeKind, public: bool | None) -> None:
    """Keys that were sent before say it by their kind, as `n.` does."""
    text = key_text(KEYRING.notice_id(7, "ann@bank.example", kind, "c", DAY, public=public))
    usual = kind is NoticeKind.NEW_TICKET
    assert KEYRING.read(text).public == (usual if public is None else public)
    assert text[0] == ("n" if public in (None, usual) else "p" if public else "i")
    assert KEYRING.read({"n": "p", "p": "i", "i": "n"}[text[0]] + text[1:]) is None, "the letter is signed"


@pytest.mark.parametrize("word", ["reply", "note"])
def test_the_key_of_a_link_is_the_notices_with_a_word(word: str) -> None:
    text = key_text(an_id())
    link = saying(text, word)
    assert KEYRING.read(text).says == ""
    assert (KEYRING.read(link).text, KEYRING.read(link).says) == (text, word)
    assert KEYRING.read_plus(plus("support@bank.example", link)).says == word
    assert KEYRING.read(text + ".x") is None
    assert [key.text for key in KEYRING.find(f"{text} Ref: {link}.")] == [text]


def test_a_link_in_a_row_says_which_ticket_it_is_about() -> None:
    key = key_text(KEYRING.notice_id(0, "ann@bank.example", NoticeKind.DIGEST, "digest:ann", date(2026, 11, 20)))
    read = KEYRING.read(saying(key, "reply", 123_456))
    assert read
    assert (read.ticket, read.says, read.about, read.text) == (0, "reply", 123_456, key)
    assert KEYRING.find(f"Ref: {saying(key, 'note', 1001)}\n")[0].about == 1001


@pytest.mark.parametrize(
    "hidden",
    [
        lambda key: key.upper(),
        lambda key: key.replace(".", "%2E"),
        lambda key: key.replace(".", "%25252e"),
        lambda key: f"{key[:20]}\u00ad{key[20:]}",
        "\u200b".join,
    ],
    ids=["capitals", "in a link", "in a link in a link", "a soft hyphen", "a mark of no width"],
)
def test_a_key_is_found_however_a_program_writes_it(hidden) -> None:
    key = KEYRING.read(an_id())
    assert key
    assert KEYRING.find(f"x {hidden(key.text)}@bank.example") == (key,)
