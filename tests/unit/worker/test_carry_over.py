"""`was` in a new configuration: the tickets go along, and those whose work they have become are told."""

from __future__ import annotations

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, to, told

ANN_, BOB_, ELLIOT_, TINA_ = (f"{name}@bank.example" for name in ("ann", "bob", "elliot", "tina"))
ELLIOTS = """[agent.elliot]
name = "Elliot Alderson"
email = ["elliot@bank.example"]
departments = ["Support"]
"""
BUILT_IN = CONFIG.replace('[department.Support]\nmanager = "ann"\n', "")


def handed_to_ann() -> str:
    """Elliot has left, and Ann takes over what was his."""
    return (
        CONFIG.replace(ELLIOTS, "")
        .replace('"elliot", ', "")
        .replace("[agent.ann]\n", '[agent.ann]\nwas = ["elliot"]\n')
    )


def called_eli() -> str:
    """Elliot has another key."""
    return CONFIG.replace("[agent.elliot]\n", '[agent.eli]\nwas = ["elliot"]\n').replace('"elliot", ', '"eli", ')


def assigned_to_elliot(bench: Bench, count: int) -> None:
    for number in range(count):
        alert = to(bench.send(KAREN, "It does not open.", subject=f"Printer {number}"), ELLIOT_)
        bench.send(ELLIOT, "#claim", answers=alert)
    bench.deliver()
    bench.new()


def test_a_built_in_department_that_is_renamed_takes_its_tickets_along(tmp_path):
    bench = Bench(tmp_path, BUILT_IN.replace('"Support", ', "").replace('departments = ["Support"]\n', ""))
    bench.send(KAREN, "It does not open.")
    renamed = bench.config.text + '\n[department."User Support"]\nwas = ["Support"]\n'
    bench.configure(renamed)
    assert bench.ticket().department == "User Support"
    assert "Support" not in bench.config.departments
    assert bench.new() == [], "it is the same department"
    assert told(bench.send("jane@other.example", "Nor does mine.")) == {
        ("acknowledgement", "jane@other.example"),
        ("new-ticket", ELLIOT_),
    }
    assert bench.ticket(1002).department == "User Support"


def test_a_built_in_topic_and_plan_that_are_renamed_are_the_defaults(tmp_path):
    bench = Bench(tmp_path)
    bench.send(KAREN, "It does not open.")
    more = '\n[topic.Questions]\nwas = ["General Inquiry"]\n\n[sla.Usual]\nresolve = "2h"\nwas = ["Default SLA"]\n'
    bench.configure(CONFIG + more)
    bench.send("jane@other.example", "Nor does mine.")
    assert {(bench.ticket(n).topic, bench.ticket(n).sla) for n in (1001, 1002)} == {("Questions", "Usual")}


def test_who_takes_over_a_colleagues_tickets_is_told_in_one_mail(tmp_path):
    bench = Bench(tmp_path)
    assigned_to_elliot(bench, 3)
    bench.configure(handed_to_ann())
    (mail,) = bench.new()
    assert (mail.kind, mail.to, mail.subject) == ("assigned", ANN_, "3 tickets are yours now")
    assert [str(value) for value in mail.message.get_all("X-Mailgate-Ticket")] == ["1001", "1002", "1003"]
    assert {str(bench.ticket(number).assignee) for number in bench.numbers()} == {"agent:ann"}
    answered = bench.write_by_link(mail, "Answer", "It opens again.")
    assert ("reply", "karen@client.example") in told(answered)
    bench.configure(handed_to_ann())
    assert bench.new() == [], "told once"


def test_one_ticket_that_is_handed_over_is_an_ordinary_alert(tmp_path):
    bench = Bench(tmp_path)
    assigned_to_elliot(bench, 1)
    bench.configure(handed_to_ann())
    (mail,) = bench.new()
    assert (mail.kind, mail.to, mail.ticket) == ("assigned", ANN_, 1001)
    assert "renamed in the configuration" in mail.text


def away(bench: Bench) -> set[str]:
    return {row["agent"] for row in bench.db.all("SELECT agent FROM absence")}


def test_an_absence_does_not_go_to_who_takes_over(tmp_path):
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT_)
    bench.send(ELLIOT, "#claim\n#away", answers=alert)
    assert away(bench) == {"elliot"}
    bench.configure(handed_to_ann())
    assert away(bench) == set()
    assert str(bench.ticket().assignee) == "agent:ann"


def test_an_agent_with_a_new_key_stays_away_and_is_told_nothing(tmp_path):
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT_)
    bench.send(ELLIOT, "#claim\n#away", answers=alert)
    bench.new()
    bench.configure(called_eli())
    assert (away(bench), bench.new(), str(bench.ticket().assignee)) == ({"eli"}, [], "agent:eli")


def test_somebody_new_in_a_colleagues_place_is_told_and_is_not_away(tmp_path):
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT_)
    bench.send(ELLIOT, "#claim\n#away", answers=alert)
    bench.new()
    tina = ELLIOTS.replace("[agent.elliot]\n", '[agent.tina]\nwas = ["elliot"]\n')
    tina = tina.replace("Elliot Alderson", "Tina Tell").replace("elliot@", "tina@")
    bench.configure(CONFIG.replace(ELLIOTS, tina).replace('"elliot", ', '"tina", '))
    assert (away(bench), told(bench.new())) == (set(), {("assigned", TINA_)})


def test_members_of_a_team_that_takes_over_hear_unless_it_was_theirs(tmp_path):
    more = CONFIG + '\n[team.Cards]\nmembers = ["elliot"]\n'
    bench = Bench(tmp_path, more)
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT_)
    bench.send(ELLIOT, "#assign Cards", answers=alert)
    bench.new()
    bench.configure(CONFIG.replace('[team."Online Banking"]\n', '[team."Online Banking"]\nwas = ["Cards"]\n'))
    assert told(bench.new()) == {("assigned", BOB_)}


def test_the_agents_of_a_department_that_takes_over_hear_of_what_is_nobodys(tmp_path):
    more = CONFIG.replace('departments = ["Support", "Maintenance"]', 'departments = ["Support", "Billing"]')
    bench = Bench(tmp_path, more + "\n[department.Billing]\n")
    assigned_to_elliot(bench, 1)
    for number in range(2):
        bench.send(KAREN, "It does not open.", subject=f"Portal {number}")
    bench.deliver()
    bench.db.run("UPDATE ticket SET department = 'Billing'")
    bench.new()
    merged = CONFIG.replace("[department.Support]\n", '[department.Support]\nwas = ["Billing"]\n')
    bench.configure(merged.replace('Maintenance"]', 'Maintenance"]\nhear = "mine"') if False else merged)
    (mail,) = bench.new()
    assert (mail.kind, mail.to, mail.subject) == ("transferred", ELLIOT_, "2 tickets are in your department now")


def test_a_key_that_is_replaced_keeps_who_answered_last(tmp_path):
    bench = Bench(tmp_path)
    opened = bench.send(KAREN, "It does not open.")
    bench.send(ELLIOT, "#open\n#reply\n\nWe look into it.", answers=to(opened, ELLIOT_))
    bench.configure(
        CONFIG.replace("[agent.elliot]\n", '[agent.eli]\nwas = ["elliot"]\n').replace('"elliot", ', '"eli", ')
    )
    assert bench.ticket().last_respondent == "eli"
