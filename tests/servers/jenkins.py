"""A Jenkins that remembers: jobs in folders and multibranch projects, builds that run and end, a queue, logs that grow.

It answers as the real one does where that matters: `tree=` is obeyed to the letter (what was not asked for is not
sent), `builds` has the newest hundred and `allBuilds` all, errors are web pages, a password needs a crumb with its
session's cookie, and the log's size counts notes that are not in what is sent. Times are those of `clock`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from tests.servers.loopback import Asked, Loopback, Told, serving

NOW: Final = 1_795_340_000_000
USER, TOKEN, PASSWORD = "ann", "s3cret-api-token-of-ann", "s3cret-password-of-ann"
CRUMB: Final = "0f1e2d3c"
NOTE: Final = b"\x1b[8mha:////4AbCdEf+notes+of+a+plugin==\x1b[0m"
_CLASSES: Final = {
    "folder": "com.cloudbees.hudson.plugins.folder.Folder",
    "multibranch": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
    "freestyle": "hudson.model.FreeStyleProject",
    "pipeline": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
}


@dataclass
class Build:
    """One build. `stages` are what wfapi tells of them."""

    number: int
    timestamp: int
    result: str | None = "SUCCESS"
    duration: int = 60_000
    sha: str = ""
    branch: str = "main"
    parameters: list[dict[str, Any]] = field(default_factory=list)
    user: str = ""
    stages: list[dict[str, Any]] = field(default_factory=list)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    kept: dict[str, bytes] = field(default_factory=dict)
    """The files that it archived, by their paths."""
    log: bytes = b""
    """As it is on the disk, notes and all."""
    queue_id: int = 0


@dataclass
class Item:
    """A job, or (by its kind) a folder or a multibranch project."""

    kind: str
    builds: dict[int, Build] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    """Of a job with parameters."""
    next: int = 1

    @property
    def is_folder(self) -> bool:
        return self.kind in ("folder", "multibranch")


@dataclass
class Queued:
    """What waits. It starts when it was looked at `looks` times."""

    path: str
    parameters: list[dict[str, Any]]
    user: str
    number: int | None = None
    looks: int = 0
    cancelled: bool = False

    @property
    def waits(self) -> bool:
        return self.number is None and not self.cancelled


class Jenkins:
    """The server's world; `url` is its address, while it serves."""

    def __init__(self, *, prefix: str = "", is_open: bool = False) -> None:
        """`prefix`: where below its host it lives (/jenkins). `is_open`: anybody may read."""
        self.items: dict[str, Item] = {"": Item("folder")}
        self.queue: dict[int, Queued] = {}
        self.prefix = prefix
        self.is_open = is_open
        self.root_url = ""
        """What it takes for its own address, and redirects to, where that is not the one that it is reached at."""
        self.has_stages = True
        self.starts_after = 1
        """Looks at the queue until a build leaves it; a large number: never."""
        self.clock = NOW
        self.done: list[str] = []
        """What was done to it, in order."""
        self.fail: Callable[[Asked], Told | None] = lambda asked: None
        """Gives an answer in place of the usual one, before anything is done."""
        self.cut: Callable[[Asked], bool] = lambda asked: False
        """Whether the line is cut after it was done, before the answer."""
        self.server: Loopback | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url + self.prefix

    @property
    def asked(self) -> list[Asked]:
        assert self.server is not None
        return self.server.asked

    def add(self, path: str, kind: str = "pipeline", **given: Any) -> Item:
        """A job or a folder, with the folders that it stands in."""
        parent = path.rpartition("/")[0]
        if parent not in self.items:
            self.add(parent, "folder")
        self.items[path] = Item(kind, **given)
        return self.items[path]

    def build(self, path: str, **given: Any) -> Build:
        """One more build of a job, a minute after the last of all."""
        item = self.items[path]
        self.clock += 60_000
        build = Build(number=item.next, **{"timestamp": self.clock, **given})
        item.next += 1
        item.builds[build.number] = build
        return build

    # -- answering ----------------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Told:
        told = self.fail(asked)
        if told is None:
            told = self._refusal(asked) or self._found(asked)
            if self.cut(asked):
                raise ConnectionAbortedError("cut by the test")
        return told

    def _refusal(self, asked: Asked) -> Told | None:
        user, secret = _login(asked)
        knows = user == USER and secret in (TOKEN, PASSWORD)
        if user and not knows:
            return page(401, "Error 401 Unauthorized", f"Bad login {asked.headers.get('Authorization')}")
        if not knows and not self.is_open:
            return page(403, "Error 403 Forbidden", "Authentication required")
        if asked.method == "POST" and secret == PASSWORD and not _has_crumb(asked):
            return page(403, "Error 403 No valid crumb was included in the request")
        return None

    def _found(self, asked: Asked) -> Told:
        path = asked.path.removeprefix(self.prefix)
        for pattern, method, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found is not None and asked.method == method:
                return answer(asked, *found.groups())
        return page(404, "Error 404 Not Found", path)

    def _routes(self) -> Iterator[tuple[str, str, Callable[..., Told]]]:
        job = r"((?:/job/[^/]+)*)"
        yield rf"{job}/api/json", "GET", self._item
        yield rf"{job}/(\d+)/api/json", "GET", self._build
        yield rf"{job}/wfapi/describe", "GET", self._runs
        yield rf"{job}/(\d+)/wfapi/describe", "GET", self._describe
        yield rf"{job}/(\d+)/execution/node/(\d+)/wfapi/describe", "GET", self._node
        yield rf"{job}/(\d+)/testReport/api/json", "GET", self._report
        yield rf"{job}/(\d+)/artifact/(.+)", "GET", self._artifact
        yield rf"{job}/(\d+)/logText/progressiveText", "GET", self._log
        yield rf"{job}/(build|buildWithParameters)", "POST", self._start
        yield rf"{job}/(\d+)/stop", "POST", self._stop
        yield r"/queue/item/(\d+)/api/json", "GET", self._queued
        yield r"/queue/cancelItem", "POST", self._cancel
        yield r"/crumbIssuer/api/json", "GET", self._crumb
        yield r"/whoAmI/api/json", "GET", self._who

    def _item(self, asked: Asked, where: str) -> Told:
        path = _path(where)
        if path not in self.items:
            return page(404, "Error 404 Not Found")
        return Told(pruned(self._shown(path), asked.query.get("tree")))

    def _shown(self, path: str) -> dict[str, Any]:
        """A job or folder as it would be sent in full."""
        item = self.items[path]
        shown: dict[str, Any] = {"_class": _CLASSES[item.kind], "name": path.rpartition("/")[2]}
        if item.is_folder:
            inner = [one for one in self.items if one and one.rpartition("/")[0] == path]
            return {**shown, "jobs": [self._shown(one) for one in inner]}
        newest = sorted(item.builds.values(), key=lambda one: -one.number)
        builds = [self._whole(path, one) for one in newest]
        last = builds[0] if builds else None
        waiting = [number for number, one in self.queue.items() if one.path == path and one.waits]
        return {
            **shown,
            "color": "blue",
            "lastBuild": last,
            "builds": builds[:100],
            "allBuilds": builds,
            "queueItem": self._waiting(waiting[0]) if waiting else None,
        }

    def _waiting(self, number: int) -> dict[str, Any]:
        one = self.queue[number]
        cause = {"_class": "hudson.model.Cause$UserIdCause", "userId": one.user}
        actions = [{"causes": [cause]}, {"parameters": one.parameters}, {}]
        return {"id": number, "inQueueSince": self.clock, "actions": actions}

    def _whole(self, path: str, build: Build) -> dict[str, Any]:
        is_freestyle = self.items[path].kind == "freestyle"
        cause: dict[str, Any] = {"_class": "hudson.triggers.SCMTrigger$SCMTriggerCause", "shortDescription": "scm"}
        if build.user:
            cause = {"_class": "hudson.model.Cause$UserIdCause", "userId": build.user, "userName": build.user.title()}
        actions: list[dict[str, Any]] = [{"_class": "hudson.model.CauseAction", "causes": [cause]}, {}]
        if build.parameters:
            actions.append({"_class": "hudson.model.ParametersAction", "parameters": build.parameters})
        if build.sha:
            revision = {"SHA1": build.sha, "branch": [{"name": f"refs/remotes/origin/{build.branch}"}]}
            actions.append({"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": revision})
        if build.report is not None:
            actions.append({"_class": "hudson.tasks.junit.TestResultAction", "urlName": "testReport"})
        return {
            "_class": "hudson.model.FreeStyleBuild"
            if is_freestyle
            else "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "number": build.number,
            "timestamp": build.timestamp,
            "result": build.result,
            "building": build.result is None,
            "duration": 0 if build.result is None else build.duration,
            "displayName": f"#{build.number}",
            "queueId": build.queue_id,
            "url": f"http://inside.example/{path}/{build.number}/",
            "actions": actions,
            "artifacts": [
                {"fileName": path.rpartition("/")[2], "relativePath": path, "displayPath": path} for path in build.kept
            ],
        }

    def _build_at(self, where: str, number: str) -> Build | None:
        item = self.items.get(_path(where))
        return None if item is None else item.builds.get(int(number))

    def _build(self, asked: Asked, where: str, number: str) -> Told:
        build = self._build_at(where, number)
        if build is None:
            return page(404, "Error 404 Not Found")
        return Told(pruned(self._whole(_path(where), build), asked.query.get("tree")))

    def _runs(self, asked: Asked, where: str) -> Told:
        item = self.items.get(_path(where))
        is_there = self.has_stages and item is not None and item.kind == "pipeline"
        return Told({"name": _path(where), "runCount": 1}) if is_there else page(404, "Error 404 Not Found")

    def _describe(self, asked: Asked, where: str, number: str) -> Told:
        build = self._build_at(where, number)
        if build is None or not self.has_stages or self.items[_path(where)].kind != "pipeline":
            return page(404, "Error 404 Not Found")
        words = [stage["status"] for stage in build.stages]
        status = "PAUSED_PENDING_INPUT" if "PAUSED_PENDING_INPUT" in words else "IN_PROGRESS"
        return Told({"status": status if build.result is None else build.result, "stages": build.stages})

    def _node(self, asked: Asked, where: str, number: str, node: str) -> Told:
        build = self._build_at(where, number)
        found = build.nodes.get(node) if build is not None else None
        return Told(found) if found is not None else page(404, "Error 404 Not Found")

    def _report(self, asked: Asked, where: str, number: str) -> Told:
        build = self._build_at(where, number)
        if build is None or build.report is None:
            return page(404, "Error 404 Not Found")
        return Told(pruned(build.report, asked.query.get("tree")))

    def _artifact(self, asked: Asked, where: str, number: str, path: str) -> Told:
        build = self._build_at(where, number)
        found = None if build is None else build.kept.get(unquote(path))
        if found is None:
            return page(404, "Error 404 Not Found")
        return Told(found, headers={"Content-Type": "application/octet-stream"})

    def _log(self, asked: Asked, where: str, number: str) -> Told:
        build = self._build_at(where, number)
        if build is None:
            return page(404, "Error 404 Not Found")
        start = int(asked.query.get("start", "0"))
        if start > len(build.log):
            start = 0  # as the real one does with a log that was begun anew
        headers = {"Content-Type": "text/plain;charset=UTF-8", "X-Text-Size": str(len(build.log))}
        if build.result is None:
            headers["X-More-Data"] = "true"
        return Told(build.log[start:].replace(NOTE, b""), headers=headers)

    def _start(self, asked: Asked, where: str, verb: str) -> Told:
        path = _path(where)
        item = self.items.get(path)
        if item is None:
            return page(404, "Error 404 Not Found")
        if verb == "build" and item.defaults:
            return page(400, "Error 400 This job takes parameters")
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        given = [{"name": name, "value": form.get(name, usual)} for name, usual in item.defaults.items()]
        for number, one in self.queue.items():  # the same again while it waits is the same
            if one.path == path and one.waits and one.parameters == given:
                return Told(b"", 303, {"Location": f"{self.url}/queue/item/{number}/"})
        number = 50 + len(self.queue)
        self.queue[number] = Queued(path, given, _login(asked)[0])
        self.done.append(f"{verb} {path} {form}")
        return Told(b"", 201, {"Location": f"http://inside.example{self.prefix}/queue/item/{number}/"})

    def leave(self, number: int) -> None:
        """An item of the queue becomes a build."""
        one = self.queue[number]
        build = self.build(one.path, result=None, parameters=one.parameters, user=one.user, queue_id=number)
        one.number = build.number

    def _queued(self, asked: Asked, number: str) -> Told:
        one = self.queue.get(int(number))
        if one is None:
            return page(404, "Error 404 Not Found")
        one.looks += 1
        if one.looks > self.starts_after and one.waits:
            self.leave(int(number))
        why = "Waiting for next available executor" if one.number is None else None
        shown = {"id": int(number), "why": why, "cancelled": one.cancelled, "inQueueSince": self.clock}
        executable = None if one.number is None else {"number": one.number, "url": "http://inside.example/"}
        return Told(pruned({**shown, "executable": executable}, asked.query.get("tree")))

    def _cancel(self, asked: Asked) -> Told:
        number = int(dict(parse_qsl(asked.body.decode()))["id"])
        if number not in self.queue:
            return page(404, "Error 404 Not Found")
        self.queue[number].cancelled = True
        self.done.append(f"cancelItem {number}")
        return Told(b"", 302, {"Location": f"{self.root_url or self.url}/"})

    def _stop(self, asked: Asked, where: str, number: str) -> Told:
        build = self._build_at(where, number)
        if build is None:
            return page(404, "Error 404 Not Found")
        if build.result is None:
            build.result = "ABORTED"
        self.done.append(f"stop {_path(where)} {number}")
        return Told(b"", 302, {"Location": f"{self.root_url or self.url}/"})

    def _crumb(self, asked: Asked) -> Told:
        shown = {"crumb": CRUMB, "crumbRequestField": "Jenkins-Crumb"}
        return Told(pruned(shown, asked.query.get("tree")), headers={"Set-Cookie": "JSESSIONID.7=node0abc; Path=/"})

    def _who(self, asked: Asked) -> Told:
        user = _login(asked)[0]
        return Told({"name": user or "anonymous", "anonymous": not user})


@contextmanager
def jenkins(**how: Any) -> Iterator[Jenkins]:
    """One, for the length of a `with`."""
    world = Jenkins(**how)
    with serving(world.answer) as server:
        world.server = server
        yield world


def page(status: int, title: str, text: str = "") -> Told:
    """An error, as Jenkins has them."""
    body = f"<html><head><title>{title}</title></head><body><h2>{title}</h2>{text}</body></html>".encode()
    return Told(body, status, {"Content-Type": "text/html;charset=utf-8", "X-Jenkins": "2.492.1"})


def pruned(shown: Any, tree: str | None) -> Any:
    """What `tree=` lets through: `a,b[c,d]{0,5}`; the class of each object always."""
    assert tree, "a request without tree= makes Jenkins send all that it has"
    return _pruned(shown, _branches(tree))


def _pruned(shown: Any, wanted: dict[str, Any]) -> Any:
    if isinstance(shown, list):
        return [_pruned(one, wanted) for one in shown]
    if not isinstance(shown, dict):
        return shown
    kept = {"_class": shown["_class"]} if "_class" in shown else {}
    for name, (inner, first, last) in wanted.items():
        if name in shown:
            value = shown[name][first:last] if isinstance(shown[name], list) else shown[name]
            kept[name] = _pruned(value, inner)
    return kept


def _branches(tree: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while tree:
        name = re.match(r"[\w ]+", tree)
        assert name, f"Jenkins would not understand {tree!r}"
        tree, inner, first, last = tree[name.end() :], "", None, None
        if tree.startswith("["):
            end = _closing(tree)
            inner, tree = tree[1:end], tree[end + 1 :]
        if span := re.match(r"\{(\d+),(\d+)\}", tree):
            first, last, tree = int(span[1]), int(span[2]), tree[span.end() :]
        found[name[0]] = (_branches(inner), first, last)
        assert not tree or tree.startswith(","), f"Jenkins would not understand {tree!r}"
        tree = tree[1:]
    return found


def _closing(tree: str) -> int:
    depth = 0
    for index, sign in enumerate(tree):
        depth += {"[": 1, "]": -1}.get(sign, 0)
        if depth == 0:
            return index
    raise AssertionError(f"no end in {tree!r}")


def _path(where: str) -> str:
    return "/".join(unquote(part) for part in where.split("/")[2::2])


def _login(asked: Asked) -> tuple[str, str]:
    kind, _, packed = asked.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return "", ""
    user, _, secret = base64.b64decode(packed).decode().partition(":")
    return user, secret


def _has_crumb(asked: Asked) -> bool:
    return asked.headers.get("Jenkins-Crumb") == CRUMB and "JSESSIONID.7=node0abc" in asked.headers.get("Cookie", "")
