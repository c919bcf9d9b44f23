"""A project made with the real DVC, Great Expectations, dbt and Pointblank: from what they leave behind to the screen.

Needs `.venvs/checks` and `.venvs/dvc`; `make test-tools` makes them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from bench.terminal import QUARTERDECK, environment
from quarterdeck.app.store.files import open_reader

from .conftest import StartTerminal

pytestmark = pytest.mark.tools
HOUSE = Path(__file__).resolve().parents[2]

SETTINGS = """
[project]
name = "shop"

[git]
fetch = "never"

[[checks]]
kind = "great_expectations"
name = "gx"
paths = ["gx/uncommitted/validations/**/*.json"]
environment = "prod"

[[checks]]
kind = "dbt"
paths = ["warehouse/target/run_results.json"]

[[checks]]
kind = "pointblank"
paths = ["reports/*.json"]
dataset = "orders"

[[datasets]]
name = "orders"
is = ["gx:orders", "dbt:shop.stg_orders", "pointblank:orders", "dvc:data/orders.csv"]
"""

ORDERS = "order,customer,amount\n1,ann@example.com,10\n2,,20\n3,bo@example.com,-1\n4,cy@example.com,5\n"

# GX: one suite, whose rule of nulls is the share that is given; `nothing` is no column of the data
VALIDATE = """
import sys
import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

root, share = sys.argv[1], float(sys.argv[2])
context = gx.get_context(mode="file", project_root_dir=root)
names = [suite.name for suite in context.suites.all()]
if "orders" not in names:
    asset = context.data_sources.add_pandas("exports").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("day")
    suite = context.suites.add(gx.ExpectationSuite(name="orders"))
    context.validation_definitions.add(gx.ValidationDefinition(name="nightly", data=batch, suite=suite))
suite = context.suites.get("orders")
suite.expectations = []
suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column="customer", mostly=share))
suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="order"))
suite.add_expectation(gxe.ExpectColumnValuesToBeInSet(column="customer", value_set=["cy@example.com"]))
suite.add_expectation(gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, severity="warning"))
suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column="nothing"))
suite.save()
frame = pd.read_csv(f"{root}/data/orders.csv")
context.validation_definitions.get("nightly").run(batch_parameters={"dataframe": frame})
"""

INTERROGATE = """
import sys
import pandas as pd
import pointblank as pb

frame = pd.read_csv(sys.argv[1])
steps = pb.Validate(data=frame, tbl_name="orders").col_vals_not_null("order").col_vals_gt("amount", 0)
print(steps.interrogate().get_json_report())
"""

WAREHOUSE = {
    "dbt_project.yml": 'name: shop\nversion: "1.0"\nprofile: shop\n',
    "profiles.yml": "shop:\n  target: prod\n  outputs:\n    prod: {type: duckdb, path: shop.duckdb}\n",
    "seeds/orders.csv": ORDERS,
    "models/stg_orders.sql": "select * from {{ ref('orders') }}\n",
    "models/schema.yml": """
models:
  - name: stg_orders
    columns:
      - name: customer
        data_tests: [not_null]
      - name: order
        quote: true
        data_tests: [unique]
      - name: amount
        data_tests:
          - accepted_values: {arguments: {values: [10, 20, 5]}, config: {severity: warn}}
""",
}


def tool(venv: str, name: str) -> str:
    found = Path(os.environ.get(f"QUARTERDECK_{venv.upper()}", HOUSE / ".venvs" / venv)) / "bin" / name
    if not found.exists():
        pytest.fail(f"no {name} at {found}: run `make test-tools`", pytrace=False)
    return str(found)


def ran(folder: Path, *words: str, bad: bool = False) -> str:
    """What a program printed; `bad`: it is to say that something is wrong."""
    quiet = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DVC_NO_ANALYTICS": "1", "NO_COLOR": "1"}
    done = subprocess.run(words, cwd=folder, env=environment(quiet), capture_output=True, text=True, timeout=300)
    assert (done.returncode != 0) == bad, done.stdout + done.stderr
    return done.stdout


def commit(folder: Path, subject: str) -> None:
    ran(folder, "git", "add", "quarterdeck.toml", "data")
    ran(folder, "git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "-qm", subject)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of data, two validations of which the second has the laxer rule, a build and an interrogation."""
    home = tmp_path_factory.mktemp("tools") / "shop"
    for path, text in {"quarterdeck.toml": SETTINGS, "data/orders.csv": ORDERS.replace("-1", "1")}.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    ran(home, "git", "init", "-q", "-b", "main")
    ran(home, tool("dvc", "dvc"), "init", "-q")
    ran(home, tool("dvc", "dvc"), "add", "-q", "data/orders.csv")
    commit(home, "Track the orders")
    (home / "data" / "orders.csv").write_text(ORDERS)
    ran(home, tool("dvc", "dvc"), "add", "-q", "data/orders.csv")
    commit(home, "Orders of today")
    for share in ("1.0", "0.5"):
        ran(home, tool("checks", "python"), "-c", VALIDATE, str(home), share)
    for path, text in WAREHOUSE.items():
        (home / "warehouse" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "warehouse" / path).write_text(text)
    ran(home / "warehouse", tool("checks", "dbt"), "build", "--profiles-dir", ".", bad=True)
    told = ran(home, tool("checks", "python"), "-c", INTERROGATE, str(home / "data" / "orders.csv"))
    (home / "reports").mkdir()
    (home / "reports" / "orders.json").write_text(told)
    return home


@pytest.fixture
def cache(shop: Path, tmp_path: Path) -> Path:
    """The project as one sync leaves it in the cache."""
    place = tmp_path / "cache.db"
    ran(shop, *QUARTERDECK, "--cache", str(place), "sync")
    return place


def test_what_the_tools_left_is_told_in_one_vocabulary(shop: Path, cache: Path) -> None:
    told = json.loads(ran(shop, *QUARTERDECK, "--cache", str(cache), "checks", "--json"))
    found = {(one["tool"], one["name"]): one["outcome"] for one in told}
    assert found == {
        ("great_expectations", "not_null(customer)"): "pass",
        ("great_expectations", "unique(order)"): "pass",
        ("great_expectations", "accepted_values(customer)"): "fail",
        ("great_expectations", "between(amount)"): "warn",
        ("great_expectations", "not_null(nothing)"): "error",
        ("dbt", "not_null(customer)"): "fail",
        ("dbt", "unique(order)"): "pass",
        ("dbt", "accepted_values(amount)"): "warn",
        ("pointblank", "not_null(order)"): "pass",
        ("pointblank", "greater_than(amount)"): "fail",
    }
    ran(shop, *QUARTERDECK, "--cache", str(cache), "checks", "--exit-code", bad=True)


def test_the_loosened_rule_is_an_event_and_the_versions_of_the_data_are_dvcs(shop: Path, cache: Path) -> None:
    events = json.loads(ran(shop, *QUARTERDECK, "--cache", str(cache), "events", "--json"))
    assert any("loosened" in event["kind"] and "not_null(customer)" in event["title"] for event in events)
    datasets = json.loads(ran(shop, *QUARTERDECK, "--cache", str(cache), "datasets", "--json"))
    [orders] = [one for one in datasets if one["name"] == "orders"]
    assert len([one for one in orders["versions"] if "dvc" in one["tools"]]) == 2


def test_no_address_out_of_the_data_is_in_the_cache(shop: Path, cache: Path) -> None:
    with open_reader(cache) as connection:
        assert connection.execute("SELECT count(*) FROM source WHERE state = 'ok'").fetchone()[0] >= 3
    written = b"".join(path.read_bytes() for path in cache.parent.glob(f"{cache.name}*"))
    for planted in (b"bo@example.com", b"cy@example.com"):
        assert planted not in written


def test_it_comes_to_the_screen(shop: Path, cache: Path, terminal: StartTerminal) -> None:
    program = terminal("--cache", cache, cwd=shop)
    program.wait_for("4 Checks")
    program.press("4")
    program.wait_for("not_null(customer)", "could not run")
    program.press("enter")
    program.settle()
