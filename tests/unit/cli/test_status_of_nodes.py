"""`status` shows the nodes of a database, what each does alone, and how they differ."""

from __future__ import annotations

import json

import pytest

from mailgate.cli.main import main
from mailgate.store.queues import nodes
from mailgate.worker.node import about, config_digest
from tests.desk import CONFIG, Bench


def join(bench: Bench, name: str, *, version: str = "1", config: str = "", alone: bool = False) -> None:
    digest = config or config_digest(bench.config)
    with bench.db.transaction():
        node = nodes.join(bench.db, nodes.About(name=name, place=name, version=version, config=digest), alone=alone)
        bench.db.node = node
        nodes.hold(bench.db, ["clock"])
        bench.db.node = type(node)()


def status(bench: Bench, capsys: pytest.CaptureFixture[str]) -> dict:
    main(("status", "-c", str(bench.config.file), "--json"))
    return json.loads(capsys.readouterr().out)


def test_a_node_that_is_alone_works_while_its_lock_is_held(bench, capsys):
    join(bench, "a", alone=True)
    found = status(bench, capsys)
    (node,) = found["nodes"]
    assert (node["name"], node["alive"], node["version"]) == ("a", False, "1")
    assert [(each["resource"], each["node"]) for each in found["leases"]] == [("clock", "a")]


@pytest.mark.parametrize("on_postgresql", [True], indirect=True)
def test_several_nodes_their_leases_and_their_differences(bench, capsys):
    join(bench, "a")
    join(bench, "b")
    found = status(bench, capsys)
    assert [(each["name"], each["alive"]) for each in found["nodes"]] == [("a", True), ("b", True)]
    assert not [each for each in found["problems"] if "node" in each]
    join(bench, "c", version="2", config="other")
    with bench.db.transaction():
        bench.db.run("UPDATE node SET ends_at = ends_at - 60 WHERE name = 'b'")
    found = status(bench, capsys)
    assert [each["alive"] for each in found["nodes"]] == [True, False, True]
    digest = config_digest(bench.config)
    gone, configurations, versions = (each for each in found["problems"] if "node" in each)
    assert gone.startswith("node b: its lease has ended 4")
    assert configurations == f"the nodes have different configurations (a, b: {digest}; c: other)"
    assert versions == "the nodes have different versions (a, b: 1; c: 2)"
    main(("status", "-c", str(bench.config.file)))
    said = capsys.readouterr().out
    assert f"node        a, ok, configuration {digest}, clock" in said


def test_a_digest_of_a_configuration_leaves_out_what_differs_between_machines(bench, tmp_path):
    (tmp_path / "other").mkdir()
    more = '[smtp]\nlisten = "127.0.0.1:0"\n[storage]\nnode = "b"\n'
    other = Bench(tmp_path / "other", CONFIG + more)
    assert config_digest(other.config) == config_digest(bench.config)
    assert about(other.config).name == "b"
    assert about(other.config).place != about(bench.config).place
    other.configure(CONFIG.replace("First Bank Help Desk", "Second Bank"))
    assert config_digest(other.config) != config_digest(bench.config)


def test_a_digest_of_a_configuration_counts_its_templates(bench):
    before = config_digest(bench.config)
    (bench.folder / "templates").mkdir()
    (bench.folder / "templates" / "words.toml").write_text('[en]\n"hello" = "Hi"\n')
    bench.configure(CONFIG)
    assert bench.config.templates
    assert config_digest(bench.config) != before
