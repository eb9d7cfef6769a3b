"""What a bearer token proves, apart from what proves it: only a project with an issuer loads JOSE and HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metricgate.vocabulary.principal import Principal

if TYPE_CHECKING:
    from metricgate.adapters.identity.public_keys import PublicKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsKeys:
    """The token may be good, but its key is not in the cached set: refresh these keys and ask once more."""

    keys: PublicKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A principal and until when (unix seconds) its token holds, leeway included."""

    principal: Principal
    until: float
