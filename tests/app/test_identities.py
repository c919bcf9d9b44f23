"""Names of several tools are one dataset where the settings say so, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.errors import SettingsError
from quarterdeck.app.identities import alike, identities, identities_of_text
from quarterdeck.app.records import DataIdentity, Identities
from quarterdeck.app.settings import load

ORDERS = """
[[datasets]]
name = "orders"
is = ["dbt:shop.orders", "gx:orders", "mlflow:orders", "dvc:data/orders.csv"]

[[datasets]]
name = "odd:ones"
is = ["dvc:C:/odd"]
"""


def test_the_settings_say_which_names_are_one_dataset(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text(ORDERS)
    declared = identities(load(directory=tmp_path, environment={}))
    assert declared.name_of("dvc", "data/orders.csv") == "orders"
    assert declared.name_of("great_expectations", "orders") == declared.name_of("gx", "orders") == "orders"
    assert declared.name_of("dvc", "C:/odd") == "odd:ones"  # only the first colon ends the tool
    assert declared.name_of("soda", "orders") is None
    assert ("great_expectations", "orders") in declared.names_of("orders")


def test_a_policys_text_declares_the_same() -> None:
    assert identities_of_text(ORDERS).name_of("mlflow", "orders") == "orders"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[[datasets]",
        "[nonsense]\n" + ORDERS,
        ORDERS + ORDERS,
        "# " + "x" * 300_000 + ORDERS,
        "\udcff" + ORDERS,
        "a." * 60 + "b = 1" + ORDERS,
        ORDERS + '[[datasets]]\nname = "sales"\nis = ["great_expectations:orders"]\n',
    ],
)
def test_a_text_that_cannot_be_read_or_contradicts_itself_declares_nothing(text: str | None) -> None:
    assert identities_of_text(text).declared == ()


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ('name = "orders"\nis = ["soda:orders"]', r"toml:10: declares two datasets called “orders”"),
        (
            'name = "sales"\nis = ["great_expectations:orders"]',
            r"toml:10: declares “great_expectations:orders” to be both “orders” and “sales”",
        ),
    ],
)
def test_settings_that_contradict_themselves_are_refused_with_the_line(
    tmp_path: Path, second: str, sentence: str
) -> None:
    (tmp_path / "quarterdeck.toml").write_text(f"{ORDERS}\n[[datasets]]\n{second}\n")
    with pytest.raises(SettingsError, match=sentence):
        load(directory=tmp_path, environment={})


def test_names_that_end_alike_may_be_worth_declaring() -> None:
    names = [
        ("dvc", "data/orders.csv"), ("dbt", "shop.orders"), ("mlflow", "Orders"), ("dvc", "users.csv"),
        ("dvc", "b/users"), ("mlflow", "users"), ("mlflow", "alone"), ("dvc", "events.csv"), ("soda", "events"),
    ]  # fmt: skip
    declared = Identities([DataIdentity(name="events", same=(("dvc", "events.csv"),))])
    assert alike(names, declared) == [
        DataIdentity(name="orders", same=(("dbt", "shop.orders"), ("dvc", "data/orders.csv"), ("mlflow", "Orders")))
    ]
