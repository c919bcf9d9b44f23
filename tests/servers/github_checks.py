"""What others say of the commits of our own GitHub: check runs of apps, and statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Checks:
    """Check runs and statuses by the commit, newest first; of each context the newest status, as GitHub has them."""

    def __init__(self) -> None:
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.statuses: dict[str, list[dict[str, Any]]] = {}

    def check(self, sha: str, at: str, name: str, conclusion: str | None, app: str, **fields: Any) -> None:
        """An app says something of a commit; without a conclusion it has not come to one."""
        number = 60_000 + sum(map(len, self.runs.values()))
        here = f"https://github.example/runs/{number}"
        self.runs.setdefault(sha, []).insert(0, {
            "id": number, "node_id": f"CR_{number}", "head_sha": sha, "external_id": "", "url": here, "html_url": here,
            "details_url": f"https://{app}.example", "name": name, "check_suite": {"id": number}, "pull_requests": [],
            "status": "completed" if conclusion else "in_progress", "conclusion": conclusion, "started_at": at,
            "completed_at": at if conclusion else None, "app": _app(app, at), "output": {
                "title": f"{name}: {conclusion}", "summary": "Long.", "text": None, "annotations_count": 0,
                "annotations_url": f"{here}/annotations",
            }, **fields,
        })  # fmt: skip

    def say(self, sha: str, at: str, context: str, state: str, **fields: Any) -> None:
        """Somebody sets a status."""
        number = 50_000 + sum(map(len, self.statuses.values()))
        others = [one for one in self.statuses.get(sha, []) if one["context"] != context]
        self.statuses[sha] = [{
            "id": number, "node_id": f"SC_{number}", "url": f"https://github.example/statuses/{sha}", "state": state,
            "context": context, "description": f"{context} is {state}", "target_url": f"https://ci.example/{number}",
            "avatar_url": None, "created_at": at, "updated_at": at, **fields,
        }, *others]  # fmt: skip

    def combined(self, sha: str, page: Mapping[str, Any], repository: Mapping[str, Any]) -> dict[str, Any]:
        """A page of the statuses of a commit, with what they come to."""
        states = {one["state"] for one in self.statuses.get(sha, [])}
        worst = next((word for word in ("error", "failure", "pending") if word in states), "success")
        here = f"https://github.example/commits/{sha}"
        return {
            **page, "sha": sha, "state": worst if states else "pending", "repository": repository,
            "commit_url": here, "url": f"{here}/status",
        }  # fmt: skip


def _app(slug: str, at: str) -> dict[str, Any]:
    owner = {
        "login": slug, "id": 2, "node_id": "O_2", "gravatar_id": "", "type": "Organization", "site_admin": False,
        **{f"{word}_url": f"https://github.example/{slug}" for word in (
            "avatar", "events", "followers", "following", "gists", "html", "organizations", "received_events", "repos",
            "starred", "subscriptions",
        )}, "url": f"https://github.example/{slug}",
    }  # fmt: skip
    return {
        "id": 3, "slug": slug, "node_id": "A_3", "owner": owner, "name": slug.title(), "description": "",
        "external_url": f"https://{slug}.example", "html_url": f"https://github.example/apps/{slug}",
        "created_at": at, "updated_at": at, "permissions": {"checks": "write"}, "events": [],
    }  # fmt: skip
