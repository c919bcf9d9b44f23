"""From a folder, a file or a name to Settings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from ..detect import find
from ..errors import SettingsError
from ..git import GitError, canonical_url, decode, run_git, work_tree
from ..paths import config_dir, mirror_dir, site_config_dir
from ..text import clip
from .checks import mistake
from .dataset_names import contradiction
from .files import decoded, parse_settings, read_settings
from .lines import Place, line_of
from .personal import Personal, ProjectList, Remote
from .sections import Git, ProjectFile
from .whole import Environment, Settings

FILE = "quarterdeck.toml"


def load(
    *,
    directory: Path | None = None,
    config: Path | None = None,
    project: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings for a folder (default: the current one), for a file, or for a project by name.

    Without a settings file, what can be found around the folder. A project by name needs no checkout: its
    settings are read from the default branch of its mirror. Before the first sync there is no mirror, and only
    the repository is known; what is wrong with the file there is a sentence in `found`, so that the next fetch
    can mend it. Nothing is run and nothing is connected to. Some 10 ms, most of it Git's.
    Raises SettingsError.
    """
    surroundings = Environment(os.environ if environment is None else environment)
    personal = load_personal()
    if project is not None:
        return _of_project(_listed(project), personal, surroundings)
    if config is not None:
        file = Path.cwd() / config
        return _of_file(file, personal, surroundings)
    where = Path(os.path.normpath(Path.cwd() / (directory or ".")))
    if not where.is_dir():
        raise SettingsError(f"{clip(str(where), 300)} is not a folder: --project takes the folder of a project.")
    top = _work_tree(where)
    for folder in _upwards(where, top):
        if os.path.lexists(folder / FILE):
            return _of_file(folder / FILE, personal, surroundings)
    return _of_surroundings(top or where, top, personal, surroundings)


def load_personal() -> Personal:
    """config.toml of the person who runs us; all defaults when there is none. Raises SettingsError."""
    file = config_dir() / "config.toml"
    if not os.path.lexists(file):
        return Personal()
    personal = read_settings(file, Personal)
    if personal.cache.path is not None:
        cache = msgspec.structs.replace(personal.cache, path=file.parent / personal.cache.path.expanduser())
        personal = msgspec.structs.replace(personal, cache=cache)
    return personal


def projects() -> tuple[Remote, ...]:
    """The projects without a checkout: the person's own, then the machine's. Raises SettingsError."""
    listed: dict[str, Remote] = {}
    for folder in (config_dir(), site_config_dir()):
        file = folder / "projects.toml"
        if not os.path.lexists(file):
            continue
        here = read_settings(file, ProjectList).projects
        if twice := _repeated(remote.name for remote in here):
            raise mistake(file, f"lists two projects called “{clip(twice, 60)}”: give each its own name.")
        for remote in here:
            listed.setdefault(remote.name, remote)
    return tuple(listed.values())


def _listed(name: str) -> Remote:
    known = projects()
    for remote in known:
        if remote.name == name:
            return remote
    from .mistakes import nearest  # 5 ms at the start, wanted by wrong names only

    names = [remote.name for remote in known]
    file = config_dir() / "projects.toml"
    has = f"known are {clip(', '.join(names), 200)}" if names else "it is where projects without a checkout are listed"
    raise mistake(file, f"no project is called “{clip(name, 60)}”; {has}.{nearest(name, names)}")


def _of_file(file: Path, personal: Personal, environment: Environment) -> Settings:
    content = read_settings(file, ProjectFile)
    _check_names(content, file)
    top = _work_tree(file.parent)
    remote = _remote(file.parent / os.path.expanduser(content.git.path), content.git.remote)  # noqa: PTH111  # “~nobody” is kept
    repository = canonical_url(remote) if remote else ""
    return _settings(
        content, personal, environment, root=file.parent, file=file, checkout=top, repository=repository, remote=remote,
        file_in_repository=_inside(file, top),
        project_key=_project_key(file, top, repository),
    )  # fmt: skip


def _of_surroundings(root: Path, top: Path | None, personal: Personal, environment: Environment) -> Settings:
    remote = _remote(root, Git().remote) if top else ""
    repository = canonical_url(remote) if remote else ""
    found = find(root, repository, environment)
    content = msgspec.convert(found.sections, ProjectFile)
    said = (f"{clip(str(root), 200)} is a Git repository.",) if top else ()
    return _settings(
        content, personal, environment, root=root, checkout=top, repository=repository, remote=remote,
        project_key=_project_key(root / FILE, top, repository), found=said + found.sentences,
    )  # fmt: skip


def _of_project(remote: Remote, personal: Personal, environment: Environment) -> Settings:
    repository = canonical_url(remote.url)
    mirror = mirror_dir(repository)
    place = f"{clip(remote.name, 60)}:{clip(remote.settings, 200)}"
    content, found = ProjectFile(), f"{place} is not read yet: the first sync fetches it."
    if (mirror / "HEAD").is_file():
        try:
            content, found = _from_mirror(mirror, remote.settings, place), ""
        except SettingsError as error:
            found = str(error)  # a refusal would stop the very fetch that may bring the mended file
    if not content.project.name:
        content = msgspec.structs.replace(content, project=msgspec.structs.replace(content.project, name=remote.name))
    return _settings(
        content, personal, environment, root=mirror, repository=repository, remote=remote.url, address=remote.url,
        found=(found,) if found else (), project_key=_key(repository, remote.settings),
        file_in_repository=remote.settings,
    )  # fmt: skip


def _settings(content: ProjectFile, personal: Personal, environment: Environment, **rest: object) -> Settings:
    sections = {name: getattr(content, name) for name in ProjectFile.__struct_fields__}
    return Settings(**sections, personal=personal, environment=environment, **rest)  # type: ignore[arg-type]  # named above


def _from_mirror(mirror: Path, path: str, place: str) -> ProjectFile:
    """The settings on the default branch, as the mirror last saw it. Raises SettingsError."""
    try:
        raw = run_git(mirror, "cat-file", "blob", f"HEAD:{path}", exact=True)
    except GitError as error:
        raise mistake(place, "is not on the default branch of the repository, as it was fetched last.") from error
    content = parse_settings(decoded(raw, place), ProjectFile, place)
    _check_names(content, place)
    return content


def _work_tree(where: Path) -> Path | None:
    try:
        return work_tree(where)
    except GitError:
        return None  # the Git source says what is wrong with the repository; the settings hold without it


def _upwards(where: Path, top: Path | None) -> Iterable[Path]:
    """The folder and those above it up to the top of the work tree, nowhere above."""
    yield where
    if top is None or not where.is_relative_to(top):
        return
    while where != top:
        where = where.parent
        yield where


def _remote(where: Path, name: str) -> str:
    """The URL of a clone's remote as Git reads it: the named one, or the first where there is no “origin”."""
    try:
        urls = _remote_urls(where)
        url = urls.get(name, "")
        if name == Git().remote and not url:
            url = next(iter(urls.values()), "")
        if not url or ":" in url or url.startswith("/"):
            return url
        return str(((work_tree(where) or where) / url).resolve())
    except (GitError, ValueError):  # ValueError: a NUL in the path
        return ""


def _remote_urls(where: Path) -> dict[str, str]:
    """Remote -> its first URL, in the order of Git's configuration. One call of Git. Raises GitError."""
    urls: dict[str, str] = {}
    try:
        raw = run_git(where, "config", "-z", "--get-regexp", r"^remote\..*\.url$")
    except GitError as error:
        if error.status == 1:
            return urls  # there is none
        raise
    for entry in decode(raw).split("\0"):
        key, _, url = entry.partition("\n")
        if url:
            urls.setdefault(key.removeprefix("remote.").removesuffix(".url"), url)
    return urls


def _inside(file: Path, top: Path | None) -> str:
    """The settings' path in the work tree; the usual one for a file that lies elsewhere."""
    place = file.parent.resolve() / file.name
    return place.relative_to(top.resolve()).as_posix() if top and place.is_relative_to(top.resolve()) else FILE


def _project_key(file: Path, top: Path | None, repository: str) -> str:
    """By the remote and the settings' path in it; without a remote by the repository's own real path."""
    if top is None:
        return _key(str(file.parent.resolve()), file.name)
    inside = os.path.relpath(file.parent.resolve() / file.name, top.resolve())
    return _key(repository or _common_folder(top), inside)


def _common_folder(top: Path) -> str:
    """The .git folder that all work trees of a clone share."""
    try:
        written = decode(run_git(top, "rev-parse", "--git-common-dir")).rstrip("\n")
    except GitError:
        return str(top.resolve())
    return str((top / written).resolve())


def _key(place: str, inside: str) -> str:
    words = f"{place}\0{inside}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(words, digest_size=8).hexdigest()


def _check_names(content: ProjectFile, file: Path | str) -> None:
    """Sources are told apart by their labels, datasets by theirs."""
    labels = ["git", "mlflow", "models"]
    for section in ("ci", "registries", "checks", "monitors"):
        labels += [source.name or source.kind for source in getattr(content, section)]
    labels += [infra.stack for infra in content.infra]
    if twice := _repeated(labels):
        line = _line(file, _second(content, twice))
        raise mistake(file, f"two sources are called “{clip(twice, 60)}”: give one of them another `name`.", line)
    if (wrong := contradiction(content.datasets)) is not None:
        raise mistake(file, wrong.sentence, _line(file, wrong.place))


def _line(file: Path | str, place: Place) -> int | None:
    return None if isinstance(file, str) else line_of(file.read_text("utf-8-sig"), place)


def _second(content: ProjectFile, label: str) -> tuple[str, int]:
    """The place of the last source with that label."""
    places = [
        (section, index)
        for section in ("ci", "registries", "checks", "monitors", "infra")
        for index, source in enumerate(getattr(content, section))
        if label == (getattr(source, "name", "") or (source.stack if section == "infra" else source.kind))
    ]
    return places[-1]


def _repeated(labels: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            return label
        seen.add(label)
    return None
