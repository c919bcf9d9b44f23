"""What all tables of a settings file have in common, and what all those that speak HTTP have."""

from __future__ import annotations

import msgspec

from .checks import (
    WrongError,
    check_duration,
    check_url,
    check_variable,
    check_words,
)

LONGEST_READ = 30.0
"""Seconds that a source may wait for an answer."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of a settings file."""


class Connection(Section, frozen=True, kw_only=True):
    """How any HTTP source reaches its server, beside the address. All of it reaches out or names a secret."""

    token_env: str = ""
    token_command: tuple[str, ...] = ()
    token_file: str = ""
    username_env: str = ""
    password_env: str = ""
    ca_bundle: str = ""
    client_cert: str = ""
    proxy: str = ""
    timeout: str | None = None

    def __post_init__(self) -> None:
        check_variable("token_env", self.token_env)
        check_variable("username_env", self.username_env)
        check_variable("password_env", self.password_env)
        check_words("token_command", self.token_command)
        check_url("proxy", self.proxy, ("http", "https", "socks5"))
        check_duration("timeout", self.timeout, least=0.1, most=LONGEST_READ)
        if bool(self.username_env) != bool(self.password_env):
            raise WrongError(
                "username_env" if self.username_env else "password_env", "needs the other of the two beside it"
            )
        ways = [self.token_env, self.token_command, self.token_file, self.username_env]
        if sum(map(bool, ways)) > 1:
            raise WrongError("token_env", "is one way too many: token_env, token_command, token_file or username_env")
