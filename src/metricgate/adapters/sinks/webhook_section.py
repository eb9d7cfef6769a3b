"""What a project's settings say of a webhook."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from metricgate.adapters.sinks.section import SinkSection
from metricgate.adapters.sinks.webhook_signatures import read_secrets
from metricgate.documents.forms import HttpUrl, Variable
from metricgate.gateway.notifications import SinkUnusable

_ADDRESS = r"https?://[^\s@/]+(/\S*)?"


class WebhookSection(SinkSection):
    """Where to post, how, and what signs it."""

    kind: Literal["webhook"] = "webhook"
    url: HttpUrl | None = Field(None, description="Where to post.")
    url_variable: Variable | None = Field(
        None, description="Or the variable that holds it, where it is a secret itself."
    )
    form: Literal["plain", "slack"] = Field("plain", description="Form of the body.")
    secret: Variable = Field(description="The environment variable that holds the signing secrets.")

    @model_validator(mode="after")
    def _one_address(self) -> WebhookSection:
        if (self.url is None) == (self.url_variable is None):
            raise ValueError("give url or url_variable, one of the two")
        return self

    def address(self) -> str:
        """Return where to post.

        Raises:
            SinkUnusable: the variable is not set or holds no address; what it holds is not said.
        """
        url = self.url if self.url is not None else os.environ.get(self.url_variable or "", "")
        if not re.fullmatch(_ADDRESS, url):
            raise SinkUnusable(f"the variable {self.url_variable} holds no http address")
        return url

    def keys(self) -> Sequence[bytes]:
        """Return the signing keys, the newest first.

        Raises:
            SinkUnusable: the variable is not set or holds no secret; what it holds is not said.
        """
        try:
            return read_secrets(os.environ.get(self.secret, ""))
        except ValueError as error:
            raise SinkUnusable(f"the variable {self.secret}: {error}") from error
